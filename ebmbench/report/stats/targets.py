"""What it costs each method to solve each task, in seconds or in network evaluations."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import median

import numpy as np

from ebmbench.records import CurvePoint, Record
from ebmbench.report.stats import costs
from ebmbench.report.stats.boards import GAUSSIAN, HEADLINE, Board
from ebmbench.report.stats.costs import contended_pairs

CLOSED = 0.9
"""Share of the gap between Gaussian and truth at which a task counts as solved."""

Spent = Callable[[Record, CurvePoint], float]
"""What a run had spent at a point of its learning curve."""


def seconds(_: Record, point: CurvePoint) -> float:
    """Return the training seconds up to a point of the learning curve."""
    return point.seconds


def evaluations(record: Record, point: CurvePoint) -> float:
    """Return the network evaluations up to a point of the learning curve."""
    return costs.evaluations(record, point.step)


def targets(board: Board) -> dict[str, dict[int, float]]:
    """Return, per task and seed, the log-likelihood of the test rows that counts as solved.

    It lies between the Gaussian and the truth of that seed. A task is in it if every seed has
    both.
    """
    goals: dict[str, dict[int, float]] = {}
    for task, truths in board.truths.items():
        of_seed = {
            seed: gaussian + CLOSED * (truths[seed] - gaussian)
            for seed, found in board.outcomes[task].items()
            if seed in truths
            and GAUSSIAN in found
            and (gaussian := found[GAUSSIAN].value) < truths[seed]
        }
        if len(of_seed) == len(board.outcomes[task]):
            goals[task] = of_seed
    return goals


def cost_to_target(
    records: Sequence[Record], board: Board, spent: Spent
) -> dict[str, dict[str, float | None]]:
    """Return, per objective and task with a target, what was spent until it was reached.

    It is reached when the learning curve is at the target of :func:`targets`. The curve is of
    validation rows and the target of test rows; what one model has more on one set than on the
    other is taken from all models of the task and seed and put between them. The value is the mean
    over seeds, ``inf`` if one seed never gets there, and ``None`` where the method does not take
    part, or where its seconds were contended and those of other methods were not.

    Arguments:
        records: those that the board was made from.
        board: of the family.
        spent: :func:`seconds` or :func:`evaluations`.
    """
    goals = targets(board)
    by_pair: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        by_pair[record.task, record.method].append(record)
    apart = contended_pairs(records) if spent is seconds else frozenset()
    shifts = validation_shifts(records)
    return {
        row.method: {
            task: float(
                np.mean(
                    [
                        _first(r, goal[r.seed] + shifts.get((task, r.seed), 0.0), spent)
                        for r in by_pair[task, row.method]
                    ]
                )
            )
            if row.cells[task].takes_part and (task, row.method) not in apart
            else None
            for task, goal in goals.items()
        }
        for row in board.rows
        if not row.kind and goals
    }


def validation_shifts(records: Sequence[Record]) -> dict[tuple[str, int], float]:
    """Return how much more likely validation rows are than test rows, in nats by task and seed.

    The point of a curve whose weights are scored and the headline are of the same model. The
    median over models leaves those out that fit one set better than the other.
    """
    found: dict[tuple[str, int], list[float]] = defaultdict(list)
    for record in records:
        number = record.metrics.get(HEADLINE)
        curve = record.scored_curve
        scored = curve.log_likelihoods[-1] if curve else None
        if number is not None and scored is not None and math.isfinite(scored - number.value):
            found[record.task, record.seed].append(scored - number.value)
    return {key: median(each) for key, each in found.items()}


def complete(costs: Mapping[str, Mapping[str, float | None]]) -> dict[str, list[float]]:
    """Return the costs of the methods that took part in every task, in the order of tasks."""
    kept = {name: [v for v in row.values() if v is not None] for name, row in costs.items()}
    return {name: row for name, row in kept.items() if len(row) == len(costs[name])}


def _first(record: Record, target: float, spent: Spent) -> float:
    for place, value in enumerate(record.curve.log_likelihoods):
        if value is not None and value >= target:
            return spent(record, record.curve[place])
    return math.inf
