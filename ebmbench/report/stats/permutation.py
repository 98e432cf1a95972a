"""An exact permutation test of mean ranks over tasks, with seeds clustered in tasks.

If all methods were alike, the ranks of a task could stand in any order. All seeds of a task move
together, because they share the data, the network and the budget: a task counts once. The
difference of the mean ranks of two methods is a sum over independent tasks, so its distribution
under all orders is a convolution, exact also with ties (Eisinga, Heskes, Pelzer and Te Grotenhuis,
2017, Exact p-values for pairwise comparison of Friedman rank sums, BMC Bioinformatics 18:68).
Holm's correction over the pairs keeps the chance of any false claim below the level where all
methods are alike.

Where others differ, two equal methods need not rank like any two: if each is now first and now
last, the difference of their mean ranks varies more than that of two ranks drawn at random. So a
pair must also be told apart by the exchange of the two names, task by task, which is exact
whatever the others do (the sign test of Fisher, 1935, on rank differences). It can do so from six
tasks on; with fewer, the first test stands alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from ebmbench.report.stats.outcomes import Outcomes, common_seeds
from ebmbench.report.stats.ranking import solved, task_ranks

Array = NDArray[np.float64]
Known = dict[tuple[str, tuple[int, ...]], tuple[list[str], Array]]
"""By task and seeds, the methods that were tried at all of them, and their ranks."""
FINEST = 720
"""Steps per rank of the finest lattice that is still convolved; beyond, orders are drawn."""
DRAWS = 100_000
LARGEST_ENUMERATED = 16
"""Tasks of which all signs are tried; beyond, signs are drawn."""
LEAST_TASKS = 6
"""Tasks from which on an exchange of names can have a p-value below 5 %."""
SEED = 20111
"""Any fixed number: the same records must give the same bytes."""


def pair_p_value(tables: Sequence[tuple[Array, int, int, int]]) -> float:
    """Return the two-sided p-value that two methods have the same mean rank.

    Arguments:
        tables: per task the ranks of all methods that took part, ``(methods,)``; the places of
            the two methods among them; and the number of seeds that the ranks are means of.

    Example:
        With three methods on one task, one order in three is as extreme as first against last.

        >>> round(pair_p_value([(np.array([1.0, 2.0, 3.0]), 0, 2, 1)]), 4)
        0.3333
    """
    if not tables:
        return 1.0
    # Every rank is a multiple of half a seed's share.
    scale = 2 * math.lcm(*(seeds for *_, seeds in tables))
    observed = sum(round(scale * (ranks[i] - ranks[j])) for ranks, i, j, _ in tables)
    if scale > FINEST:
        return _drawn_p_value(tables)
    total = np.ones(1)
    for ranks, *_ in tables:
        total = np.convolve(total, _difference_law(np.rint(scale * ranks).astype(int)))
    middle = len(total) // 2
    distance = np.abs(np.arange(len(total)) - middle)
    return min(1.0, float(total[distance >= abs(observed)].sum()))


def exchange_p_value(differences: Sequence[float]) -> float:
    """Return the two-sided p-value of a sum of differences whose signs could each be the other.

    Arguments:
        differences: per task that of the mean ranks of two methods.

    Example:
        Of the 64 ways to give six differences their signs, two are as extreme as one sign for all.

        >>> exchange_p_value([1.0] * 6)
        0.03125
    """
    observed = abs(sum(differences))
    if len(differences) > LARGEST_ENUMERATED:
        random = np.random.default_rng(SEED).random((DRAWS, len(differences)))
        sums = np.where(random < 0.5, -1.0, 1.0) @ np.asarray(differences)
        extreme = int((np.abs(sums) >= observed - 1e-9).sum())
        return (extreme + 1) / (DRAWS + 1)
    sums = np.zeros(1)
    for difference in differences:
        sums = np.concatenate([sums - difference, sums + difference])
    return float((np.abs(sums) >= observed - 1e-9).mean())


def _difference_law(ranks: NDArray[np.int_]) -> Array:
    """Return the law of the difference of two methods drawn without replacement, on integers."""
    width = int(ranks.max() - ranks.min())
    law = np.zeros(2 * width + 1)
    gaps = (ranks[:, None] - ranks[None, :])[~np.eye(len(ranks), dtype=bool)]
    np.add.at(law, gaps + width, 1.0 / len(gaps))
    return law


def _drawn_p_value(tables: Sequence[tuple[Array, int, int, int]]) -> float:
    generator = np.random.default_rng(SEED)
    observed = sum(float(ranks[i] - ranks[j]) for ranks, i, j, _ in tables)
    total = np.zeros(DRAWS)
    for ranks, *_ in tables:
        # Of uniform numbers alone: how NumPy draws integers may change with its version.
        first, step = generator.random((2, DRAWS))
        one = (first * len(ranks)).astype(int)
        other = (one + 1 + (step * (len(ranks) - 1)).astype(int)) % len(ranks)
        total += ranks[one] - ranks[other]
    # The order that was seen is one of them (Phipson and Smyth, 2010).
    extreme = int((np.abs(total) >= abs(observed) - 1e-9).sum())
    return (extreme + 1) / (DRAWS + 1)


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


def rank_p_values(outcomes: Outcomes, tasks: Sequence[str], methods: Sequence[str]) -> Array:
    """Return p-values of all pairs of methods, ``(methods, methods)``.

    Each is the larger of the Holm-corrected one of the permutation and, from :data:`LEAST_TASKS`
    tasks on, that of the exchange of the two names. A pair is compared at the tasks and seeds at
    which both were tried, among the methods that were tried at all of those seeds.

    Arguments:
        outcomes: the runs.
        tasks: of one board.
        methods: the objectives.
    """
    pairs = list(itertools.combinations(range(len(methods)), 2))
    known: Known = {}
    tables = [
        _tables(outcomes, tasks, methods, methods[i], b=methods[j], known=known) for i, j in pairs
    ]
    corrected = holm([pair_p_value(each) for each in tables])
    result = np.ones((len(methods),) * 2)
    for (i, j), table, p in zip(pairs, tables, corrected, strict=True):
        result[i, j] = result[j, i] = max(p, _exchanged(table))
    return result


def _exchanged(tables: Sequence[tuple[Array, int, int, int]]) -> float:
    """Return the p-value of the exchange of two names; zero, no objection, with too few tasks."""
    if len(tables) < LEAST_TASKS:
        return 0.0
    return exchange_p_value([float(ranks[i] - ranks[j]) for ranks, i, j, _ in tables])


def _tables(
    outcomes: Outcomes,
    tasks: Sequence[str],
    methods: Sequence[str],
    a: str,
    *,
    b: str,
    known: Known,
) -> list[tuple[Array, int, int, int]]:
    tables = []
    for task in tasks:
        of_seed = outcomes[task]
        seeds = common_seeds(of_seed, [a, b])
        if not seeds or not solved(of_seed, methods):
            continue
        # Where every method was tried at every seed, that is one table for all pairs.
        key = (task, tuple(seeds))
        if key not in known:
            pool = [m for m in methods if all(m in of_seed[seed] for seed in seeds)]
            known[key] = pool, task_ranks(of_seed, pool, seeds).middle
        pool, ranks = known[key]
        tables.append((ranks, pool.index(a), pool.index(b), len(seeds)))
    return tables


def critical_difference(tasks: int, methods: int, level: float = 0.05) -> float | None:
    """Return the smallest difference of mean ranks that Holm's first step tells apart.

    Arguments:
        tasks: their number, without ties.
        methods: their number.
        level: of the whole board.

    Returns:
        ``None`` where no difference would do.

    Example:
        >>> critical_difference(1, 5) is None
        True
    """
    law = _difference_law(np.arange(1, methods + 1))
    total = reduce(np.convolve, [law] * tasks)
    middle = len(total) // 2
    tails = np.array([total[: middle - d + 1].sum() * 2 for d in range(1, middle + 1)])
    pairs = methods * (methods - 1) // 2
    enough = np.flatnonzero(tails * pairs <= level)
    return (int(enough[0]) + 1) / tasks if len(enough) else None
