r"""Noise levels for rows: from a noise that joins all of them down to one that is stated.

The highest level is the largest distance between two rows, and the ratio ``γ`` of two neighbours
is such that a shell of one still has half of its mass in the other,

.. math:: \Phi(\sqrt{2d}\,(\gamma - 1) + 3\gamma) - \Phi(\sqrt{2d}\,(\gamma - 1) - 3\gamma)
          = \tfrac12

(Song & Ermon 2020, Techniques 1 and 2, arXiv:2006.09011). Below five dimensions the equation has
no root and a little above a large one: the ratio is :data:`WIDEST` at most.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.errors import EbmbenchError

ROWS = 1000
"""Rows, the first ones, among which the largest distance is looked for."""
WIDEST = 2.0


def noise_ladder(rows: Tensor, lowest: float) -> list[float]:
    """Return noise levels for rows, falling, a geometric sequence that ends at ``lowest``.

    Arguments:
        rows: ``(n, d)``, in the coordinates in which noise is added.
        lowest: the last level.

    Raises:
        EbmbenchError: the rows are all closer to each other than that.
    """
    some = rows[:ROWS].double()
    highest = float(torch.cdist(some, some).max())
    if not lowest < highest:
        raise EbmbenchError(
            f"the lowest noise level is {lowest:g}, allowed: less than {highest:.4g}, the largest "
            "distance between two rows"
        )
    span = math.log(highest / lowest)
    steps = math.ceil(span / math.log(ratio(rows.shape[1])))
    return [lowest * math.exp(span * (1 - k / steps)) for k in range(steps)] + [lowest]


def ratio(dim: int) -> float:
    """Return ``γ`` in ``dim`` dimensions.

    Example:
        >>> round(ratio(64), 2), round(ratio(784), 3), ratio(2)
        (1.36, 1.082, 2.0)
    """

    def shared(gamma: float) -> float:
        shift = math.sqrt(2 * dim) * (gamma - 1)
        return _normal_cdf(shift + 3 * gamma) - _normal_cdf(shift - 3 * gamma)

    # It falls with the ratio, from a value near one, until shells of the wider noise take over.
    low, high = 1.0, WIDEST
    if shared(high) > 0.5:
        return WIDEST
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if shared(middle) > 0.5 else (low, middle)
    return high


def _normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))
