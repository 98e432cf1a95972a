"""How fast methods solve tasks, compared; a pure function of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
