"""Ranks from brackets: who is surely ahead, and who shares a rank."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ebmbench.report.stats.outcomes import Outcome, Outcomes, State

Array = NDArray[np.float64]


def ahead(lower: Array, upper: Array) -> NDArray[np.bool_]:
    """Return whether the row is ahead of the column: its lower end above the other's upper end.

    A failure has both ends at ``-inf``: everything else is ahead of it.

    Arguments:
        lower: ``(..., methods)``, higher is better.
        upper: of the same shape.

    Returns:
        ``(..., methods, methods)``.
    """
    result: NDArray[np.bool_] = lower[..., :, None] > upper[..., None, :]
    return result


def rank_bounds(lower: ArrayLike, upper: ArrayLike) -> tuple[Array, Array]:
    """Return the best and the worst rank that brackets leave to each method, 1 for the best.

    Arguments:
        lower: ``(..., methods)``, higher is better.
        upper: of the same shape.

    Example:
        >>> low, high = rank_bounds([3.0, 1.0, 1.5], [3.0, 2.0, 4.0])
        >>> low.tolist(), high.tolist()
        ([1.0, 2.0, 1.0], [2.0, 3.0, 3.0])
    """
    wins = ahead(np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64))
    low = 1.0 + wins.sum(-2)
    high = wins.shape[-1] - wins.sum(-1).astype(np.float64)
    return low, high


def brackets(
    of_seed: Mapping[int, Mapping[str, Outcome]], methods: Sequence[str], seeds: Sequence[int]
) -> tuple[Array, Array]:
    """Return the ends of the brackets of methods at seeds, each ``(seeds, methods)``."""
    found = [of_seed[seed] for seed in seeds]
    lower = np.array([[each[m].lower for m in methods] for each in found])
    upper = np.array([[each[m].upper for m in methods] for each in found])
    return lower, upper


@dataclass(frozen=True)
class TaskRanks:
    """Ranks of methods on one task, means over its seeds."""

    methods: tuple[str, ...]
    low: Array
    high: Array

    @property
    def middle(self) -> Array:
        """One, and one for every method that is ahead, and a half for each that shares."""
        result: Array = 0.5 * (self.low + self.high)
        return result


def task_ranks(
    of_seed: Mapping[int, Mapping[str, Outcome]], methods: Sequence[str], seeds: Sequence[int]
) -> TaskRanks:
    """Return the ranks of methods that were all tried at all the seeds given."""
    low, high = (end.mean(0) for end in rank_bounds(*brackets(of_seed, methods, seeds)))
    return TaskRanks(tuple(methods), low, high)


def solved(of_seed: Mapping[int, Mapping[str, Outcome]], methods: Sequence[str]) -> bool:
    """Return whether any of the methods ended with a model at any seed: else nobody is ranked."""
    return any(
        outcome.state is not State.FAILED
        for found in of_seed.values()
        for method, outcome in found.items()
        if method in methods
    )


def win_rates(ranked: Sequence[TaskRanks], outcomes: Outcomes, tasks: Sequence[str]) -> Array:
    """Return the share of duels that the row wins against the column; a shared rank is half.

    Arguments:
        ranked: per task, of the same methods.
        outcomes: the runs.
        tasks: those of ``ranked``.
    """
    methods = ranked[0].methods
    shares = np.zeros((len(methods), len(methods)))
    for task in tasks:
        seeds = [s for s, found in outcomes[task].items() if all(m in found for m in methods)]
        if not seeds:
            continue
        wins = ahead(*brackets(outcomes[task], methods, seeds)).astype(float)
        shares += 0.5 + 0.5 * (wins - wins.swapaxes(1, 2)).mean(0)
    result: Array = shares / len(tasks)
    return result


def gap_share(truth: float, gaussian: float, outcome: Outcome) -> float:
    r"""Return the share of the gap between the Gaussian and the truth that is still open.

    .. math:: (\ell^* - \ell) / (\ell^* - \ell_\text{Gauss})

    All three at the same seed, of the headline; ``inf`` for a failure.

    Example:
        >>> from ebmbench.report.stats.outcomes import Outcome, State
        >>> gap_share(-2.0, -4.0, Outcome(State.CERTIFIED, -2.5, -2.5, -2.5))
        0.25
    """
    return math.inf if not outcome.has_number else (truth - outcome.value) / (truth - gaussian)
