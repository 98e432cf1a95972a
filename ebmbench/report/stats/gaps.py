"""What is left of the gap to the truth, the worst run, and who beats the Gaussian."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ebmbench.report.stats.boards import GAUSSIAN, Board, Row
from ebmbench.report.stats.cells import Measure
from ebmbench.report.stats.intervals import cluster_bootstrap, interquartile_mean
from ebmbench.report.stats.outcomes import Outcome, State
from ebmbench.report.stats.ranking import gap_share

SEED = 20111
"""Any fixed number: the same records must give the same bytes."""


@dataclass(frozen=True)
class GapLeft:
    """Share of the gap between Gaussian and truth still open: 0 the truth, 1 the Gaussian."""

    value: float
    """Interquartile mean over tasks and seeds, each against its own truth and Gaussian."""
    interval: tuple[float, float] | None
    """Bootstrap interval of 95 % over tasks and seeds; ``None`` of a single run."""


@dataclass(frozen=True)
class Worst:
    """The run that is worst off on a board, which an interquartile mean does not show."""

    nats: float
    """In the measure of its task; infinite for a failure."""
    measure: Measure
    task: str
    seed: int


def gaps_left(board: Board) -> dict[str, GapLeft]:
    """Return the gap left of every row that has a number or failed on all tasks and seeds."""
    places = [
        (task, seed, truth, found[GAUSSIAN].value)
        for task in board.tasks
        for seed, found in sorted(board.outcomes[task].items())
        if (truth := board.truths.get(task, {}).get(seed)) is not None
        and GAUSSIAN in found
        and found[GAUSSIAN].value < truth
    ]
    if not places:
        return {}
    gaps = {}
    for row in board.rows:
        shares: dict[str, list[float]] = {}
        for task, seed, truth, gaussian in places:
            outcome = board.outcomes[task][seed].get(row.method)
            if outcome is not None and (outcome.has_number or outcome.state is State.FAILED):
                shares.setdefault(task, []).append(gap_share(truth, gaussian, outcome))
        if sum(map(len, shares.values())) < len(places):
            continue
        flat = [share for of_task in shares.values() for share in of_task]
        # The same resamples for all methods.
        generator = np.random.default_rng(SEED)
        interval = cluster_bootstrap(list(shares.values()), interquartile_mean, generator)
        gaps[row.method] = GapLeft(float(interquartile_mean(flat)), interval)
    return gaps


def worst_runs(board: Board) -> dict[str, Worst]:
    """Return the worst run of every method that has any with a number or a failure."""
    found = {row.method: _worst(board, row) for row in board.rows}
    return {method: worst for method, worst in found.items() if worst is not None}


def _worst(board: Board, row: Row) -> Worst | None:
    """Return the run that loses most to the truth or, where none is known, gains least."""
    found = []
    for task in board.tasks:
        for seed, of in sorted(board.outcomes[task].items()):
            outcome = of.get(row.method)
            base = (
                board.truths.get(task, {}).get(seed)
                if board.measures[task] is Measure.REGRET
                else of[GAUSSIAN].value
                if GAUSSIAN in of
                else None
            )
            if outcome is None or base is None or math.isnan(outcome.value):
                continue
            found.append((outcome.value - base, task, seed))
    if not found:
        return None
    loss, task, seed = min(found)
    measure = board.measures[task]
    return Worst(measure.sign * loss, measure, task, seed)


def beats_gaussian(board: Board) -> dict[str, float]:
    """Return the share of runs ahead of the Gaussian of the same seed, mean over tasks."""
    tasks = [t for t in board.tasks if all(GAUSSIAN in of for of in board.outcomes[t].values())]
    result = {}
    for row in board.rows:
        everywhere = all(row.method in of for t in tasks for of in board.outcomes[t].values())
        if not tasks or row.method == GAUSSIAN or not everywhere:
            continue
        shares = [
            np.mean([_duel(of, row.method, GAUSSIAN) for of in board.outcomes[t].values()])
            for t in tasks
        ]
        result[row.method] = float(np.mean(shares))
    return result


def _duel(found: Mapping[str, Outcome], a: str, b: str) -> float:
    """Return 1 where ``a`` is ahead, 0 where ``b`` is, and a half where they share."""
    return 0.5 + 0.5 * ((found[a].lower > found[b].upper) - (found[b].lower > found[a].upper))
