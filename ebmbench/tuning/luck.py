"""How good the best of n trials is: a method that needs luck must look so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import comb


def best_after(values: Sequence[float], quantile: float) -> list[float]:
    r"""Return a quantile of the best of ``n`` trials, for ``n`` from 1 to all of them.

    Over the order in which the trials come, drawn without replacement from ``values``: the
    best of ``n`` is at most the ``i``-th smallest with probability
    :math:`\binom{i}{n} / \binom{N}{n}`. It is exact, and takes trials that failed (``-inf``).

    Arguments:
        values: of the trials, higher is better.
        quantile: from 0 to 1; 0.5 is the median.
    """
    sorted_values = np.sort(np.asarray(values, dtype=float))
    total = len(sorted_values)
    below = np.arange(1, total + 1)
    found = []
    for n in range(1, total + 1):
        probability = comb(below, n) / comb(total, n)
        # Rounding must not keep the last probability, which is one, below the quantile.
        found.append(float(sorted_values[np.argmax(probability >= quantile - 1e-12)]))
    return found
