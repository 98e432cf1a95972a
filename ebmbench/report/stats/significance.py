"""Comparing several methods over several tasks; pure functions of tables ``(tasks, methods)``.

Every table holds scores of which the lower is better; a failure is ``inf``, worse than any score
and level with other failures.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


def win_rates(table: Array) -> Array:
    """Return the share of tasks on which the row's method beats the column's; a tie is half a win.

    Arguments:
        table: ``(tasks, methods)``.

    Example:
        >>> win_rates(np.array([[1.0, 2.0], [3.0, 3.0]])).tolist()
        [[0.5, 0.75], [0.25, 0.5]]
    """
    a, b = table[:, :, None], table[:, None, :]
    rates: Array = ((a < b) + 0.5 * (a == b)).mean(0)
    return rates


def probability_of_improvement(
    a: Sequence[Sequence[float]], b: Sequence[Sequence[float]]
) -> float:
    """Return how probable it is that a seed of ``a`` is below one of ``b``, averaged over tasks.

    Mann and Whitney's statistic per task, a tie counts half (Agarwal et al., 2021, Section 4.3).

    Arguments:
        a: per task the values of its seeds.
        b: the same tasks.

    Example:
        >>> probability_of_improvement([[1.0, 2.0]], [[2.0, 3.0]])
        0.875
    """
    per_task = [
        float(np.mean([(x < y) + 0.5 * (x == y) for x in mine for y in other]))
        for mine, other in zip(a, b, strict=True)
    ]
    return sum(per_task) / len(per_task)


def mean_ranks(table: Array) -> Array:
    """Return the mean over tasks of the rank of each method, 1 for the best, ``(methods,)``."""
    result: Array = stats.rankdata(table, axis=1).mean(0)
    return result


def friedman_p(table: Array) -> float:
    """Return the p-value of Friedman's test that all methods are equal, corrected for ties.

    Arguments:
        table: at least two tasks and three methods.
    """
    if all(len(set(row)) == 1 for row in table.tolist()):
        return 1.0
    ranked = stats.rankdata(table, axis=1)
    return float(stats.friedmanchisquare(*ranked.T).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm, 1979), in the order given.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for place, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = running
    return adjusted


def paired_p_values(table: Array) -> Array:
    """Return Wilcoxon's signed-rank p-values of all pairs of methods, Holm-corrected.

    Ties, such as two failures, are dropped; a pair of nothing but ties has p = 1.

    Arguments:
        table: ``(tasks, methods)``.
    """
    pairs = list(itertools.combinations(range(table.shape[1]), 2))
    raw = [_wilcoxon(table[:, i], table[:, j]) for i, j in pairs]
    result = np.ones((table.shape[1],) * 2)
    for (i, j), p in zip(pairs, holm(raw), strict=True):
        result[i, j] = result[j, i] = p
    return result


def _wilcoxon(a: Array, b: Array) -> float:
    with np.errstate(invalid="ignore"):
        differences = np.where(a == b, 0.0, a - b)
    kept = differences[differences != 0]
    if len(kept) == 0:
        return 1.0
    # The test sees the order of sizes only, so a failure may stand as any number above the rest.
    largest = np.abs(kept[np.isfinite(kept)]).max(initial=0.0) + 1.0
    finite = np.nan_to_num(kept, posinf=largest, neginf=-largest)
    distinct = len(np.unique(np.abs(finite))) == len(finite)
    exact = distinct and len(finite) <= 50
    return float(stats.wilcoxon(finite, method="exact" if exact else "approx").pvalue)


def cliques(order: Sequence[int], p_values: Array, level: float = 0.05) -> list[tuple[int, int]]:
    """Return the longest runs of neighbours in ``order`` of which no two are told apart.

    These are the bars of a critical-difference diagram (Demšar, 2006).

    Arguments:
        order: methods from the best mean rank to the worst.
        p_values: of all pairs, ``(methods, methods)``.
        level: below which a pair is told apart.

    Returns:
        First and last position in ``order`` of every run of two or more.

    Example:
        >>> p = np.array([[1.0, 0.5, 0.01], [0.5, 1.0, 0.5], [0.01, 0.5, 1.0]])
        >>> cliques([0, 1, 2], p)
        [(0, 1), (1, 2)]
    """
    runs: list[tuple[int, int]] = []
    for first in range(len(order)):
        last = first
        while last + 1 < len(order) and all(
            p_values[order[last + 1], order[other]] >= level for other in range(first, last + 1)
        ):
            last += 1
        if last > first and not (runs and runs[-1][1] >= last):
            runs.append((first, last))
    return runs


def performance_profile(costs: Array, ratios: Sequence[float]) -> Array:
    """Return, per method, the share of tasks solved within each multiple of the best cost.

    Dolan and Moré (2002), Benchmarking optimization software with performance profiles.

    Arguments:
        costs: ``(tasks, methods)``, positive; ``inf`` where a method does not solve a task. A task
            that nobody solves stays in the count.
        ratios: multiples ``τ ≥ 1``.

    Returns:
        ``(methods, len(ratios))``.

    Example:
        >>> performance_profile(np.array([[1.0, 2.0], [6.0, 3.0]]), [1, 2]).tolist()
        [[0.5, 1.0], [0.5, 1.0]]
    """
    best = costs.min(1, keepdims=True)
    relative = np.where(np.isfinite(costs), costs / np.where(np.isfinite(best), best, 1), math.inf)
    shares: Array = (relative[:, :, None] <= np.asarray(ratios)).mean(0)
    return shares
