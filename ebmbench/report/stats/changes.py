"""What changed between two output folders, paired over seeds and test rows."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from ebmbench.divergence import effective
from ebmbench.errors import EbmbenchError, did_you_mean
from ebmbench.records import Record, Status, tidy_rows
from ebmbench.report.stats.intervals import Interval, mean_interval
from ebmbench.report.stats.mixtures import refuse_mixtures
from ebmbench.report.stats.outcomes import FAILURE, HEADLINE, LEAST, Outcome, State, outcome_of
from ebmbench.report.stats.pairs import Difference, difference

Key = tuple[str, str, int]
"""Task, method and seed."""


class Verdict(StrEnum):
    """What can be said about a pair of task and method."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    """Every seed has the same number."""
    UNCLEAR = "cannot tell"
    """The interval of the paired difference, with the brackets of numbers that are not certified,
    includes zero; or there is one seed and no stored rows."""
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
    """``2 of 3 seeds have a number → 3`` and the like; empty where numbers say it all."""


@dataclass(frozen=True)
class Totals:
    """All changes in a few numbers."""

    counts: Mapping[Verdict, int]
    by_method: Mapping[str, Interval]
    """Mean difference over the tasks of a method, each task once, with Student's interval."""
    overall: Interval | None
    """Mean over all pairs of task and method; the interval counts a task once."""
    unit: str


def totals(changes: Sequence[Change]) -> Totals:
    """Return what the changes come to together."""
    by_method: dict[str, list[float]] = defaultdict(list)
    by_task: dict[str, list[float]] = defaultdict(list)
    for change in changes:
        if change.difference is not None:
            by_method[change.method].append(change.difference.mean)
            by_task[change.task].append(change.difference.mean)
    means = [math.fsum(found) / len(found) for found in by_task.values()]
    return Totals(
        Counter(change.verdict for change in changes),
        {method: mean_interval(found) for method, found in sorted(by_method.items())},
        mean_interval(means) if means else None,
        next((change.unit for change in changes if change.unit), ""),
    )


def compare(
    first: Sequence[Record],
    second: Sequence[Record],
    metric: str = HEADLINE,
    row_errors: Mapping[Key, float] | None = None,
) -> list[Change]:
    """Compare two folders over the pairs of task and method that both hold.

    A run that failed is worse than one that has a number. A number that is not certified takes
    part with its bracket. A pair that was skipped on a side takes no part.

    Arguments:
        first: the records before.
        second: the records after.
        metric: a metric, or a cost as ``results.csv`` names it.
        row_errors: standard error over test rows of the difference of the headline, where both
            folders store the rows (:func:`ebmbench.report.stats.rows.between`).

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
    errors = (row_errors or {}) if metric == HEADLINE else {}
    return [_change(before[pair], after[pair], metric, errors) for pair in shared]


def _by_pair(records: Sequence[Record]) -> dict[tuple[str, str], list[Record]]:
    pairs: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in map(effective, records):
        if record.status is not Status.SKIPPED:
            pairs[record.task, record.method].append(record)
    return pairs


def _change(
    before: list[Record], after: list[Record], metric: str, errors: Mapping[Key, float]
) -> Change:
    a, b = before[0], after[0]
    seeds = sorted({r.seed for r in before} & {r.seed for r in after})
    unit, higher = _unit_and_direction([*before, *after], metric)

    def change(verdict: Verdict, difference: Interval | None = None, words: str = "") -> Change:
        return Change(a.task, a.method, verdict, difference, unit, words)

    versions = (a.task_version, a.method_version), (b.task_version, b.method_version)
    if versions[0] != versions[1]:
        return change(Verdict.INCOMPARABLE, words="the card has another version")
    if not seeds:
        return change(Verdict.INCOMPARABLE, words="no seed in common")
    old, new = ({r.seed: _outcome(r, metric) for r in side if r.seed in seeds}
                for side in (before, after))  # fmt: skip
    kept = [sum(o.state is not State.FAILED for o in side.values()) for side in (old, new)]
    words = f"{kept[0]} of {len(seeds)} seeds have a number → {kept[1]}"
    if kept[0] != kept[1]:
        return change(Verdict.BETTER if kept[1] > kept[0] else Verdict.WORSE, words=words)
    gaps = [
        difference(new[s], old[s], errors.get((a.task, a.method, s)))
        for s in seeds
        if old[s].has_number and new[s].has_number
    ]
    if not gaps:
        return change(Verdict.UNCLEAR, words=words)
    gap = _interval(gaps)
    if all(each.value == 0.0 for each in gaps):
        return change(Verdict.SAME, gap)
    verdict = _judge(gaps, gap.half_width, higher)
    certified = all(each.certified for each in gaps)
    return change(verdict, gap, "" if certified else "not certified: judged by the brackets")


def _outcome(record: Record, metric: str) -> Outcome:
    """Return a run's number for any metric; direction is looked after elsewhere."""
    if metric == HEADLINE:
        return outcome_of(record)
    rows = [row for row in tidy_rows([record]) if row["metric"] == metric]
    if record.status is not Status.OK or not rows or not math.isfinite(rows[0]["value"]):
        return FAILURE
    row, value = rows[0], rows[0]["value"]
    open_ends = (value, value) if row["certified"] else (LEAST, math.inf)
    lower, upper = (
        end if end is not None else default
        for end, default in zip((row["lower"], row["upper"]), open_ends, strict=True)
    )
    state = State.CERTIFIED if row["certified"] else State.REFUSED
    return Outcome(state, value, min(lower, value), max(upper, value))


def _interval(gaps: Sequence[Difference]) -> Interval:
    """Return Student's interval over seeds; of one seed that over rows, where they are known."""
    found = mean_interval([gap.value for gap in gaps])
    if len(gaps) > 1 or gaps[0].stderr is None:
        return found
    return Interval(found.mean, float(stats.norm.ppf(0.975)) * gaps[0].stderr, 1)


def _judge(gaps: Sequence[Difference], half_width: float | None, higher: bool) -> Verdict:
    """Say whether the interval is on one side of zero, brackets of refused numbers included."""
    if half_width is None:
        return Verdict.UNCLEAR
    ends = [(g.value, g.value) if g.certified else (g.lower, g.upper) for g in gaps]
    low, high = (math.fsum(each) / len(ends) for each in zip(*ends, strict=True))
    if low - half_width > 0:
        return Verdict.BETTER if higher else Verdict.WORSE
    if high + half_width < 0:
        return Verdict.WORSE if higher else Verdict.BETTER
    return Verdict.UNCLEAR


def _unit_and_direction(records: list[Record], metric: str) -> tuple[str, bool]:
    for row in tidy_rows(records):
        if row["metric"] == metric:
            return str(row["unit"]), bool(row["higher_is_better"])
    return "", True
