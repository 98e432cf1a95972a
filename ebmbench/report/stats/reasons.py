"""Footnotes: why runs have no score, grouped by reason."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from ebmbench.records import Record, Status

NUMBER = re.compile(r"(?<![\w.])\d+(\.\d+)?(e[+-]?\d+)?")
NAMES_SHOWN = 4
MODES = "mode_weight_error"
WRONG_MASS = 0.05
"""Share of the mass on wrong modes from which that is the explanation."""
FALL = 0.5
"""Nats by which the validation log-likelihood must fall from its best to be told."""


def make_notes(records: Sequence[Record], metric: str) -> list[str]:
    """Return a line per reason for which runs failed, were skipped, or had ``metric`` refused.

    Reasons that differ in their numbers alone are one reason.
    """
    groups: dict[tuple[str, str], list[tuple[Record, str]]] = defaultdict(list)
    for record in records:
        status, reason = _reason(record, metric)
        if status:
            groups[status, NUMBER.sub("…", reason)].append((record, reason))
    lines = []
    for (status, pattern), runs in sorted(groups.items()):
        reasons = {reason for _, reason in runs}
        text = reasons.pop() if len(reasons) == 1 else pattern
        lines.append(f"{status}: {_names([run for run, _ in runs])}: {text or 'no reason given'}")
    return lines


def explain(runs: Sequence[Record]) -> str:
    """Say why runs may have missed the density.

    The learning curve, where it rose and fell, else what the card assumes; and the modes' masses.

    Arguments:
        runs: of one method on one task.
    """
    found = []
    peaks = [peak for run in runs if (peak := _peak(run)) is not None]
    if peaks:
        step, fall = min(peaks)
        found.append(
            f"the validation log-likelihood is best at step {step} and {fall:.1f} nats lower at "
            "the end"
        )
    wrong = [r.metrics[MODES].value for r in runs if MODES in r.metrics]
    if wrong and (share := sum(wrong) / len(wrong)) >= WRONG_MASS:
        found.append(f"{share:.0%} of the mass is on the wrong modes")
    if not peaks:
        assumed = runs[0].method_card.assumptions or "the card states no assumption"
        found.append(f"{assumed[0].lower()}{assumed[1:]}")
    return "; ".join(found)


def _peak(run: Record) -> tuple[int, float] | None:
    """Return the step of the best validation log-likelihood and the fall from there, if any."""
    points = [(p.log_likelihood, p.step) for p in run.curve if p.log_likelihood is not None]
    if not points:
        return None
    best, step = max(points)
    fall = best - points[-1][0]
    return (step, fall) if fall > FALL else None


def _reason(record: Record, metric: str) -> tuple[str, str]:
    if record.status is not Status.OK:
        return record.status.value.replace("_", " "), record.message
    number = record.metrics.get(metric)
    if number is None:
        return "refused", f"the record has no {metric}"
    return ("", "") if number.certified else ("refused", number.note)


def _names(runs: list[Record]) -> str:
    """Name the task when all its methods are meant, else the pairs."""
    tasks = sorted({run.task for run in runs})
    methods = sorted({run.method for run in runs})
    pairs = sorted({f"{run.task} × {run.method}" for run in runs})
    if len(pairs) == len(tasks) * len(methods):
        return f"{_some(tasks, 'tasks')} × {_some(methods, 'methods')}"
    return _some(pairs, "pairs of task and method")


def _some(names: list[str], kind: str) -> str:
    if len(names) <= NAMES_SHOWN:
        return ", ".join(names)
    return f"{len(names)} {kind} ({', '.join(names[: NAMES_SHOWN - 1])}, …)"
