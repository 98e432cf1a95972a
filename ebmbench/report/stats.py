"""Statistics over seeds; pure functions of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval over seeds."""

    mean: float
    half_width: float | None
    """Student's t with ``n − 1`` degrees of freedom; ``None`` for a single seed."""
    n: int


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Return the mean of independent values and half the width of its confidence interval.

    Example:
        >>> mean_interval([1.0, 2.0, 3.0])
        Interval(mean=2.0, half_width=2.484137714431275, n=3)
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
