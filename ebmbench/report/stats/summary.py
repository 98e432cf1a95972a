"""One family of tasks in a few numbers: ranks, wins, regret, and what can be told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ebmbench.report.stats.boards import GAUSSIAN, Board, Row
from ebmbench.report.stats.intervals import (
    interquartile_mean,
    normalised_regret,
    stratified_bootstrap,
)
from ebmbench.report.stats.significance import (
    Array,
    cliques,
    friedman_p,
    paired_p_values,
    probability_of_improvement,
    win_rates,
)

BOOTSTRAP_SEED = 20111
"""Any fixed number: the same records must give the same bytes."""


@dataclass(frozen=True)
class Regret:
    """Normalised regret over the tasks with known optimum: 0 the truth, 1 the Gaussian."""

    iqm: float
    """Interquartile mean over tasks and seeds."""
    interval: tuple[float, float] | None
    """Stratified bootstrap interval of 95 %; of one seed there is none."""


@dataclass(frozen=True)
class Summary:
    """The objectives of one board that took part in every task, compared."""

    tasks: list[str]
    """Those that some objective solved."""
    methods: list[str]
    """Best mean rank first."""
    mean_rank: list[float]
    win_rate: Array
    """``(methods, methods)``: the share of tasks on which the row beats the column."""
    friedman_p: float | None
    """``None`` below three methods or two tasks."""
    groups: list[tuple[int, int]]
    """First and last method of every run that cannot be told apart."""
    regret: dict[str, Regret]
    """By method, where every task with a known optimum has a score; references too."""
    beats_gaussian: dict[str, float]
    """Probability that a seed is better than one of the Gaussian, averaged over tasks."""


def summarise(board: Board) -> Summary | None:
    """Return the summary of a board, or ``None`` with fewer than two complete objectives."""
    rows = [row for row in board.rows if not row.kind and row.rank is not None]
    tasks = [t for t in board.tasks if any(row.cells[t].score is not None for row in rows)]
    if len(rows) < 2 or not tasks:
        return None
    table = np.array([[_loss(row, task) for row in rows] for task in tasks])
    enough = len(rows) > 2 and len(tasks) > 1
    return Summary(
        tasks=tasks,
        methods=[row.method for row in rows],
        mean_rank=[row.rank for row in rows if row.rank is not None],
        win_rate=win_rates(table),
        friedman_p=friedman_p(table) if enough else None,
        groups=cliques(range(len(rows)), paired_p_values(table)),
        regret=_regrets(board),
        beats_gaussian=_beats_gaussian(board),
    )


def _loss(row: Row, task: str) -> float:
    score = row.cells[task].score
    return math.inf if score is None else -score.mean


def _regrets(board: Board) -> dict[str, Regret]:
    """Regret of every row that is scored on all tasks whose optimum the Gaussian misses."""
    known = {
        task: (optimum, reference)
        for task, optimum in board.optimum.items()
        if (reference := board.reference(task)) is not None and reference < optimum
    }
    regrets = {}
    for row in board.rows:
        if not known or any(row.cells[task].score is None for task in known):
            continue
        values = [
            [normalised_regret(value, *known[task]) for value in row.cells[task].values.values()]
            for task in known
        ]
        # The same resamples for all methods.
        generator = np.random.default_rng(BOOTSTRAP_SEED)
        several = all(len(of_task) > 1 for of_task in values)
        flat = [value for of_task in values for value in of_task]
        regrets[row.method] = Regret(
            float(interquartile_mean(flat)),
            stratified_bootstrap(values, interquartile_mean, generator) if several else None,
        )
    return regrets


def _beats_gaussian(board: Board) -> dict[str, float]:
    gaussian = next((row for row in board.rows if row.method == GAUSSIAN), None)
    if gaussian is None:
        return {}
    tasks = [task for task in board.tasks if gaussian.cells[task].score is not None]
    if not tasks:
        return {}

    def losses(row: Row) -> list[list[float]]:
        return [
            [-value for value in row.cells[task].values.values()] or [math.inf] for task in tasks
        ]

    return {
        row.method: probability_of_improvement(losses(row), losses(gaussian))
        for row in board.rows
        if row is not gaussian and all(row.cells[task].takes_part for task in tasks)
    }
