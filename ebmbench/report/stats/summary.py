"""One board in a few numbers: ranks, the gap that is left, and what can be told apart."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ebmbench.report.stats.best import best_probabilities
from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.gaps import (
    GapLeft,
    Worst,
    beats_gaussian,
    gaps_left,
    worst_runs,
)
from ebmbench.report.stats.hierarchy import Odds, compare, on_scale
from ebmbench.report.stats.letters import groups_of, letters_of
from ebmbench.report.stats.pairs import all_pairs
from ebmbench.report.stats.permutation import rank_p_values
from ebmbench.report.stats.ranking import brackets, rank_bounds, solved, task_ranks, win_rates
from ebmbench.report.stats.resolution import Resolution, resolve, stability

Array = NDArray[np.float64]
SEED = 20111
"""Any fixed number: the same records must give the same bytes."""


@dataclass(frozen=True)
class Summary:
    """The objectives of one board that took part in every task, compared."""

    tasks: list[str]
    """Those with room for a difference that some objective solved."""
    methods: list[str]
    """Best mean rank first."""
    mean_rank: list[float]
    rank_low: list[float]
    rank_high: list[float]
    win_rate: Array
    """``(methods, methods)``: the share of duels that the row wins against the column."""
    p_values: Array
    """``(methods, methods)``: permutation test of mean ranks, Holm-corrected."""
    groups: list[list[int]]
    """The largest sets of methods of which no two are told apart, as places in ``methods``."""
    letters: list[str]
    """Of every method: methods that share a letter are not told apart."""
    odds: Mapping[tuple[str, str], Odds]
    """By pair of methods, the better rank first, for a further task of the family."""
    p_best: list[float]
    """Probability of the best mean rank."""
    gap_left: Mapping[str, GapLeft]
    """By method, where the truth is known on every task; references too."""
    worst: Mapping[str, Worst]
    """By method, references too."""
    beats_gaussian: Mapping[str, float]
    """Share of runs ahead of the Gaussian of the same seed, mean over tasks; a shared rank is
    half."""
    resolution: Resolution
    stability: float | None
    """Kendall's tau between the mean ranks of two halves of the tasks, mean over splits."""

    @property
    def level_with_best(self) -> list[str]:
        """The methods that cannot be told from the one with the best mean rank, itself first."""
        return [m for k, m in enumerate(self.methods) if k == 0 or self._shares(k)]

    def _shares(self, place: int) -> bool:
        return bool(set(self.letters[0]) & set(self.letters[place]))


@lru_cache(maxsize=16)
def summarise(board: Board) -> Summary | None:
    """Return the summary of a board, or ``None`` with fewer than two complete objectives."""
    rows = board.ranked
    methods = [row.method for row in rows]
    tasks = [t for t in board.ranked_tasks if solved(board.outcomes[t], methods)]
    if len(rows) < 2 or not tasks:
        return None
    outcomes = board.outcomes
    ranked = [task_ranks(outcomes[t], methods, sorted(outcomes[t])) for t in tasks]
    p_values = rank_p_values(outcomes, tasks, methods)
    groups = groups_of(p_values)
    return Summary(
        tasks=tasks,
        methods=methods,
        mean_rank=[row.rank or 0.0 for row in rows],
        rank_low=[row.rank_low or 0.0 for row in rows],
        rank_high=[row.rank_high or 0.0 for row in rows],
        win_rate=win_rates(ranked, outcomes, tasks),
        p_values=p_values,
        groups=groups,
        letters=letters_of(groups, len(methods)),
        odds=_odds(board, tasks, methods),
        p_best=best_probabilities(
            [_seed_ranks(board, task, methods) for task in tasks], np.random.default_rng(SEED)
        ).tolist(),
        gap_left=gaps_left(board),
        worst=worst_runs(board),
        beats_gaussian=beats_gaussian(board),
        resolution=resolve(outcomes, board.moments, tasks, methods),
        stability=stability(
            np.array([each.middle for each in ranked]), np.random.default_rng(SEED)
        ),
    )


def _seed_ranks(board: Board, task: str, methods: list[str]) -> Array:
    """Return the shared ranks of every seed, ``(seeds, methods)``."""
    of_seed = board.outcomes[task]
    low, high = rank_bounds(*brackets(of_seed, methods, sorted(of_seed)))
    result: Array = 0.5 * (low + high)
    return result


def _odds(board: Board, tasks: list[str], methods: list[str]) -> dict[tuple[str, str], Odds]:
    ropes = {task: board.ropes[task] for task in tasks}
    kept = {
        task: {
            seed: {m: o for m, o in found.items() if m in methods}
            for seed, found in board.outcomes[task].items()
        }
        for task in tasks
    }
    sizes = [
        abs(on_scale(gap.value, 0.0, ropes[task])[0])
        for task, _, _, _, gap in all_pairs(kept, board.moments)
    ]
    found = {
        pair: compare(kept, board.moments, ropes, pair, max(sizes, default=0.0))
        for pair in itertools.combinations(methods, 2)
    }
    return {pair: each for pair, each in found.items() if each is not None}
