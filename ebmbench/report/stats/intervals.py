"""Statistics over seeds and over tasks; pure functions of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % interval."""

    mean: float
    half_width: float | None
    """Student's t with ``n − 1`` degrees of freedom; of a single seed 1.96 standard errors over
    its test rows where they are known, else ``None``."""
    n: int


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the mean of independent values and half the width of its confidence interval.

    Example:
        >>> mean_interval([4.0])
        Interval(mean=4.0, half_width=None, n=1)
    """
    n = len(values)
    mean = float(np.mean(values))
    if n < 2:
        return Interval(mean, None, n)
    quantile = stats.t.ppf(0.5 + 0.5 * confidence, n - 1)
    return Interval(mean, float(quantile * np.std(values, ddof=1) / math.sqrt(n)), n)


def ranks(scores: Mapping[str, float | None], higher_is_better: bool) -> dict[str, float]:
    """Return the rank of each name, 1 for the best; ties share the mean, ``None`` is worst.

    Example:
        >>> ranks({"a": 1.0, "b": 3.0, "c": None, "d": 3.0}, higher_is_better=True)
        {'a': 3.0, 'b': 1.5, 'c': 4.0, 'd': 1.5}
    """
    sign = -1.0 if higher_is_better else 1.0
    keys = [math.inf if score is None else sign * score for score in scores.values()]
    return dict(zip(scores, map(float, stats.rankdata(keys)), strict=True))


def interquartile_mean(values: Sequence[float] | Array) -> Array:
    """Return the mean of what is left when the lowest and the highest quarter are cut off.

    Of an array, along its last axis. A quarter of ``n`` values is rounded down to whole values, as
    in Agarwal et al. (2021), Deep Reinforcement Learning at the Edge of the Statistical Precipice.

    Example:
        >>> float(interquartile_mean([0.0, 2.0, 4.0, 100.0]))
        3.0
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=-1)
    count = ordered.shape[-1]
    kept: Array = ordered[..., count // 4 : count - count // 4].mean(-1)
    return kept


def cluster_bootstrap(
    values: Sequence[Sequence[float]],
    statistic: Callable[[Array], Array],
    generator: np.random.Generator,
    repeats: int = 2000,
    *,
    confidence: float = 0.95,
) -> tuple[float, float] | None:
    """Return the percentile interval of a statistic, tasks redrawn and seeds redrawn within them.

    The interval speaks of other tasks of the family and of other seeds. Every redrawn task gives
    as many seeds as the one with most has.

    Arguments:
        values: per task the values of its seeds; infinite ones are allowed.
        statistic: of all values of all tasks, which lie along the last axis.
        generator: source of the resamples.
        repeats: number of resamples.
        confidence: of the interval.

    Returns:
        ``None`` of a single value.
    """
    if sum(map(len, values)) < 2:
        return None
    sizes = np.array([len(row) for row in values])
    starts = np.cumsum(sizes) - sizes
    # Of uniform numbers alone: how NumPy draws integers may change with its version.
    tasks = (generator.random((repeats, len(values))) * len(values)).astype(int)
    shares = generator.random((repeats, len(values), int(sizes.max())))
    places = starts[tasks][..., None] + (shares * sizes[tasks][..., None]).astype(int)
    flat = np.concatenate([np.asarray(row, dtype=np.float64) for row in values])
    drawn = statistic(flat[places.reshape(repeats, -1)])
    tail = 0.5 * (1 - confidence)
    # Without interpolation, which makes nothing of two infinities.
    low, high = np.quantile(drawn, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)
