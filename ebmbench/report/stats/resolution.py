"""Which gaps the present seeds, rows and errors can resolve, and how stable ranks are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from ebmbench.report.stats.outcomes import Outcomes
from ebmbench.report.stats.pairs import differences
from ebmbench.report.stats.permutation import critical_difference
from ebmbench.report.stats.rows import Moments

POWER = 0.8
LEVEL = 0.05
MOST_SEEDS = 1000
SPLITS = 200


@dataclass(frozen=True)
class Resolution:
    """What a board can resolve."""

    gap: float | None
    """Nats between two objectives on one task that a paired test at 5 % finds in 80 % of cases:
    median over tasks and pairs. Over seeds where there are two, else over test rows, else
    ``None``."""
    by: str
    """``seeds``, ``rows`` or empty."""
    tasks: int
    """How many tasks the gap is of."""
    median_gap: float | None
    """Median distance of two objectives in nats, over the same tasks and pairs."""
    seeds_needed: int | None
    """Seeds that would resolve the median gap; ``None`` if unknown or above a thousand."""
    rank_difference: float | None
    """Smallest difference of mean ranks that the permutation test tells apart after correction."""


@cache
def noncentrality(df: int | None, power: float = POWER, level: float = LEVEL) -> float:
    """Return the ratio of a gap to its standard error that a two-sided test finds so often.

    Arguments:
        df: degrees of freedom of Student's t; ``None`` where the error is known.
        power: how often.
        level: of the test.

    Example:
        >>> round(noncentrality(None), 3), round(noncentrality(2), 2)
        (2.802, 5.65)
    """

    def found(ratio: float) -> float:
        # The other tail, a finding with the wrong sign, is less than a thousandth at this power.
        if df is None:
            return float(stats.norm.sf(stats.norm.ppf(1 - level / 2) - ratio))
        return float(stats.nct.sf(stats.t.ppf(1 - level / 2, df), df, ratio))

    # The noncentral law is not computed far out, so the end is found from within.
    end = 1.0
    while found(end) < power:
        end *= 1.25
    return float(brentq(lambda ratio: found(ratio) - power, 0.0, end))


def seeds_for(gap: float, sd: float) -> int | None:
    """Return how many seeds resolve a gap whose difference has a standard deviation over seeds.

    Example:
        >>> seeds_for(1.0, 1.0), seeds_for(0.0, 1.0)
        (10, None)
    """
    for n in range(2, MOST_SEEDS + 1):
        if gap * math.sqrt(n) >= noncentrality(min(n - 1, 100)) * sd:
            return n
    return None


def resolve(
    outcomes: Outcomes, moments: Moments, tasks: Sequence[str], methods: Sequence[str]
) -> Resolution:
    """Return what a board can resolve.

    Arguments:
        outcomes: the runs.
        moments: of rows, as far as they are stored.
        tasks: of the board.
        methods: the objectives that took part in all.
    """
    spreads: dict[str, list[tuple[float, float, int]]] = {}
    errors: dict[str, list[tuple[float, float]]] = {}
    for task in tasks:
        for a, b in itertools.combinations(methods, 2):
            gaps = [
                g for g in differences(outcomes, moments, task, a, b=b).values() if g.certified
            ]
            values = [g.value for g in gaps]
            if len(values) > 1:
                spread = (float(np.std(values, ddof=1)), abs(float(np.mean(values))), len(values))
                spreads.setdefault(task, []).append(spread)
            elif gaps and gaps[0].stderr is not None:
                errors.setdefault(task, []).append((gaps[0].stderr, abs(values[0])))
    ranks = critical_difference(len(tasks), len(methods)) if len(methods) > 1 else None
    # Where some seeds of a pair were refused, the pairs that have all stand for the task.
    spreads = {
        task: [each for each in of if each[2] == max(n for *_, n in of)]
        for task, of in spreads.items()
    }
    if spreads:
        found = [median(noncentrality(n - 1) * s / math.sqrt(n) for s, _, n in of)
                 for of in spreads.values()]  # fmt: skip
        gap = median(median(g for _, g, _ in of) for of in spreads.values())
        sd = median(median(s for s, *_ in of) for of in spreads.values())
        few = seeds_for(gap, sd)
        return Resolution(median(found), "seeds", len(spreads), gap, few, ranks)
    if errors:
        found = [median(noncentrality(None) * e for e, _ in of) for of in errors.values()]
        gap = median(median(g for _, g in of) for of in errors.values())
        return Resolution(median(found), "rows", len(errors), gap, None, ranks)
    return Resolution(None, "", 0, None, None, ranks)


def stability(ranks: NDArray[np.float64], generator: np.random.Generator) -> float | None:
    """Return how much two halves of the tasks agree on the order: Kendall's tau, mean over splits.

    All splits where there are at most :data:`SPLITS`, else as many drawn ones.

    Arguments:
        ranks: ``(tasks, methods)``.
        generator: source of the splits.

    Returns:
        ``None`` below four tasks or three methods, or if all share one rank.

    Example:
        >>> stability(np.tile([1.0, 2.0, 3.0], (4, 1)), np.random.default_rng(0))
        1.0
    """
    tasks, methods = ranks.shape
    if tasks < 4 or methods < 3:
        return None
    half = tasks // 2
    if math.comb(tasks, half) <= SPLITS:
        chosen = [list(c) for c in itertools.combinations(range(tasks), half)]
    else:
        chosen = [np.argsort(generator.random(tasks))[:half].tolist() for _ in range(SPLITS)]
    taus = []
    for first in chosen:
        second = [t for t in range(tasks) if t not in first]
        sides = ranks[first].mean(0), ranks[second].mean(0)
        if all(np.ptp(side) > 0 for side in sides):
            taus.append(float(stats.kendalltau(*sides).statistic))
    return float(np.mean(taus)) if taus else None
