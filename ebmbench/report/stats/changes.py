"""What changed between two output folders, paired over seeds."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ebmbench.errors import EbmbenchError, did_you_mean
from ebmbench.records import Record, Status, tidy_rows
from ebmbench.report.stats.intervals import Interval, paired_difference
from ebmbench.report.stats.mixtures import refuse_mixtures


class Verdict(StrEnum):
    """What can be said about a pair of task and method."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    """Every seed has the same number."""
    UNCLEAR = "cannot tell"
    """The interval of the paired difference includes zero, or there is one seed only."""
    INCOMPARABLE = "other version"
    """The task or method has another version, or the two share no seed."""


@dataclass(frozen=True)
class Change:
    """One task and method in both folders."""

    task: str
    method: str
    verdict: Verdict
    difference: Interval | None
    """Second minus first, over common seeds; ``None`` where a side has no number."""
    unit: str
    words: str
    """``diverged → ok`` and the like; empty where numbers say it all."""


def compare(
    first: Sequence[Record], second: Sequence[Record], metric: str = "log_likelihood"
) -> list[Change]:
    """Compare two folders over the pairs of task and method that both hold.

    A run that failed, or whose number was refused, is worse than one that has a number; a pair
    that was skipped on a side takes no part.

    Arguments:
        first: the records before.
        second: the records after.
        metric: a metric, or a cost as ``results.csv`` names it.

    Raises:
        EbmbenchError: an unknown metric, other presets, or no pair in common.
    """
    for records in (first, second):
        refuse_mixtures(records)
    presets = first[0].preset, second[0].preset
    if presets[0] != presets[1]:
        raise EbmbenchError(
            f"the first folder has preset {presets[0]!r}, the second {presets[1]!r}"
        )
    known = {row["metric"] for row in tidy_rows([*first, *second]) if row.get("metric")}
    if metric not in known:
        raise EbmbenchError(f"no record has metric {metric!r}{did_you_mean(metric, known)}")
    before, after = _by_pair(first), _by_pair(second)
    shared = sorted(before.keys() & after.keys())
    if not shared:
        raise EbmbenchError("the two folders have no pair of task and method in common")
    return [_change(before[pair], after[pair], metric) for pair in shared]


def _by_pair(records: Sequence[Record]) -> dict[tuple[str, str], list[Record]]:
    pairs: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.status is not Status.SKIPPED:
            pairs[record.task, record.method].append(record)
    return pairs


def _change(before: list[Record], after: list[Record], metric: str) -> Change:
    a, b = before[0], after[0]
    seeds = {r.seed for r in before} & {r.seed for r in after}
    old = _values([r for r in before if r.seed in seeds], metric)
    new = _values([r for r in after if r.seed in seeds], metric)
    unit, higher = _unit_and_direction([*before, *after], metric)

    def change(verdict: Verdict, difference: Interval | None = None, words: str = "") -> Change:
        return Change(a.task, a.method, verdict, difference, unit, words)

    versions = (a.task_version, a.method_version), (b.task_version, b.method_version)
    if versions[0] != versions[1]:
        return change(Verdict.INCOMPARABLE, words="the card has another version")
    if not seeds:
        return change(Verdict.INCOMPARABLE, words="no seed in common")
    words = f"{len(old)} of {len(seeds)} seeds have a number → {len(new)}"
    if len(old) != len(new):
        return change(Verdict.BETTER if len(new) > len(old) else Verdict.WORSE, words=words)
    if not old.keys() & new.keys():
        return change(Verdict.UNCLEAR, words=words)
    gap = paired_difference(old, new)
    if all(old[seed] == new.get(seed) for seed in old):
        return change(Verdict.SAME, gap)
    if gap.half_width is None or abs(gap.mean) <= gap.half_width:
        return change(Verdict.UNCLEAR, gap)
    return change(Verdict.BETTER if (gap.mean > 0) == higher else Verdict.WORSE, gap)


def _values(records: list[Record], metric: str) -> dict[int, float]:
    """Return the certified, finite numbers by seed."""
    return {
        row["seed"]: row["value"]
        for row in tidy_rows(r for r in records if r.status is Status.OK)
        if row["metric"] == metric and row["certified"] and math.isfinite(row["value"])
    }


def _unit_and_direction(records: list[Record], metric: str) -> tuple[str, bool]:
    for row in tidy_rows(records):
        if row["metric"] == metric:
            return str(row["unit"]), bool(row["higher_is_better"])
    return "", True
