"""What is known, from the runs themselves, about why a number is missing or low.

Every sentence is computed: from the learning curve, the diagnostics, the model's own samples, the
checks of the estimator, or a density that is known. Where none of them says anything the cause is
*unknown*.

A run whose validation likelihood fell after its best, up to the step whose weights are scored, is
*over-trained*. Whether it over-fitted its
rows or its loss leads away from the density, the curve does not tell: it has no training
likelihood.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ebmbench.divergence import effective
from ebmbench.records import Record, Status
from ebmbench.report.stats.ranges import NUMBER, join_ranges, span
from ebmbench.report.stats.smoothing import predicted_loss

NAMES_SHOWN = 4
MODES = "mode_weight_error"
HEADLINE = "log_likelihood"
DISTANCE, TEMPERATURE = "energy_distance", "temperature_calibration"
WRONG_MASS = 0.05
"""Share of the mass on wrong modes from which it is told."""
FALL = 0.1
"""Nats that the validation log-likelihood must have lost since its best to be told."""
RISE = 0.05
"""Nats per doubling of the steps that it must still gain at the end to be told."""
STILL = 0.2
"""Acceptance below which chains are said not to have moved; for Metropolis-adjusted Langevin steps
0.574 is best (Roberts and Rosenthal 1998)."""
DEAD = 0.1
"""Share of chains that moved in none of a step's transitions from which it is told; their mean
acceptance may look healthy."""
AWAY = 1.0
"""Energy distance between samples of the model and test rows from which it is told; on tables,
whose columns have a variance of one, that of the fitted Gaussian is below 0.1."""
SMOOTHED = 0.005
"""Nats that the noise of the objective must cost to be told."""
UNKNOWN = "unknown"
REFUSED = "refused: "


@dataclass(frozen=True)
class Finding:
    """One thing that a run shows."""

    kind: str
    """A key of :data:`WORDS`, or a whole sentence that holds no number."""
    numbers: tuple[float, ...] = ()


WORDS: Mapping[str, Callable[[Sequence[str]], str]] = {
    "over-trained": lambda n: f"over-trained: best at step {n[0]}, {n[1]} nats lost since",
    "worse": lambda n: f"worse than at its first point, step {n[0]}, by {n[1]} nats",
    "under-trained": lambda n: (
        f"under-trained: still gaining {n[0]} nats per doubling of the steps at the end"
    ),
    "modes": lambda n: f"wrong weights of modes: {n[0]} % of the mass",
    "still": lambda n: f"chains did not move: acceptance {n[0]} at the end",
    "dead": lambda n: f"dead chains: {n[0]} % never moved in the last step",
    "away": lambda n: (
        f"mass where there are no rows: its samples are at an energy distance of {n[0]}"
    ),
    "temperature": lambda n: f"energies at a wrong temperature: {n[0]} nats by that alone",
    "smoothed": lambda n: (
        f"smoothed by its noise: the optimum of its loss is {n[0]} nats below the truth"
    ),
}
"""From the numbers of a finding, each in words, to its sentence."""


def findings(run: Record) -> list[Finding]:
    """Return what one run shows about why its number is missing or low; empty: nothing.

    Arguments:
        run: any record; a run that its curve calls diverged is taken as such.
    """
    run = effective(run)
    if run.status is not Status.OK:
        said = f": {run.message}" if run.message else ""
        return [Finding(f"{run.status.value.replace('_', ' ')}{said}")]
    found = []
    number = run.metrics.get(HEADLINE)
    if number is not None and not number.certified:
        found += [Finding(f"{REFUSED}{check}") for check in _checks(number.note)]
    found += _of_curve(run)
    if MODES in run.metrics and (share := run.metrics[MODES].value) >= WRONG_MASS:
        found.append(Finding("modes", (100 * share,)))
    else:
        found += _of_samples(run)
    acceptance, dead = (_last(run, name) for name in ("acceptance", "dead_chains"))
    if acceptance is not None and acceptance < STILL:
        found.append(Finding("still", (acceptance,)))
    elif dead is not None and dead >= DEAD:
        found.append(Finding("dead", (100 * dead,)))
    loss = predicted_loss(run.task_card, run.method_card, run.seed)
    if loss is not None and loss >= SMOOTHED:
        found.append(Finding("smoothed", (loss,)))
    return found


def explain(runs: Sequence[Record]) -> str:
    """Say what the runs of one method on one task show about why they fell short.

    Findings of the same kind are one clause with the range of their numbers, and say of how many
    seeds they are where not of all.

    Arguments:
        runs: of one method on one task, one per seed.
    """
    groups: dict[str, list[Finding]] = defaultdict(list)
    for run in runs:
        for finding in findings(run):
            key = finding.kind if finding.kind in WORDS else NUMBER.sub("#", finding.kind)
            groups[key].append(finding)
    clauses: list[str] = []
    for key, found in groups.items():
        if key in WORDS:
            columns = zip(*(finding.numbers for finding in found), strict=True)
            text = WORDS[key]([span(column) for column in columns])
        else:
            text = join_ranges([finding.kind for finding in found])
        few = f" ({len(found)} of {len(runs)} seeds)" if len(found) < len(runs) else ""
        if text.startswith(REFUSED) and any(clause.startswith(REFUSED) for clause in clauses):
            text = text.removeprefix(REFUSED)
        clauses.append(text + few)
    return "; ".join(clauses) or UNKNOWN


def make_notes(records: Sequence[Record], metric: str) -> list[str]:
    """Return a line per reason for which runs failed, were skipped, or had ``metric`` refused.

    Reasons that differ in their numbers alone are one line, with the range of each number. A
    number that was refused by several checks stands in the line of each.
    """
    groups: dict[tuple[str, str], list[tuple[Record, str]]] = defaultdict(list)
    for record in map(effective, records):
        status, reasons = _reasons(record, metric)
        for reason in reasons:
            groups[status, NUMBER.sub("#", reason)].append((record, reason))
    return [
        f"{status}: {_names([run for run, _ in runs])}: "
        f"{join_ranges([reason for _, reason in runs]) or 'no reason given'}"
        for (status, _), runs in sorted(groups.items())
    ]


def _of_curve(run: Record) -> list[Finding]:
    scored = run.scored_curve
    values = zip(scored.steps, scored.log_likelihoods, strict=True)
    points = [(step, value) for step, value in values if value is not None]
    if len(points) < 2:
        return []
    step, best = max(points, key=lambda point: point[1])
    end, last = points[-1]
    stopped = len(scored) < len(run.curve)
    if best - last > FALL:
        kind = "worse" if step == points[0][0] else "over-trained"
        return [Finding(kind, (step, best - last))]
    # The last point at least one doubling before the end, or the first one there is.
    before = [point for point in points[:-1] if 2 * point[0] <= end] or points[:1]
    doublings = math.log2(end / before[-1][0])
    slope = (last - before[-1][1]) / doublings
    # What was stopped by its own loss would not have gained by more steps.
    return [Finding("under-trained", (slope,))] if slope > RISE and not stopped else []


def _of_samples(run: Record) -> list[Finding]:
    """Look at where the model's own samples lie, which needs no truth."""
    distance, hot = (run.metrics.get(name) for name in (DISTANCE, TEMPERATURE))
    if distance is not None and distance.value >= AWAY:
        return [Finding("away", (distance.value,))]
    if hot is not None and hot.value >= max(FALL, 2 * (hot.stderr or 0.0)):
        return [Finding("temperature", (hot.value,))]
    return []


def _last(run: Record, name: str) -> float | None:
    """Return a diagnostic at the last point of the curve that has it."""
    values = [value for value in run.curve.info(name) if value is not None]
    return values[-1] if values else None


def _checks(note: str) -> list[str]:
    """Return the checks that a refused number failed; the note has them in one sentence."""
    _, told, checks = note.rpartition(" refused: ")
    return [check for check in (checks if told else note).split("; ") if check] or ["no reason"]


def _reasons(record: Record, metric: str) -> tuple[str, list[str]]:
    if record.status is not Status.OK:
        return record.status.value.replace("_", " "), [record.message]
    number = record.metrics.get(metric)
    if number is None:
        return "refused", [f"the record has no {metric}"]
    return ("refused", []) if number.certified else ("refused", _checks(number.note))


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
    return f"{len(names)} {kind} ({', '.join(names[: NAMES_SHOWN - 1])} and others)"
