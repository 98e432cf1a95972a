r"""Derivatives in ``a`` of losses of ``E = a ‖x‖² / 2``, in closed form or by a simulation apart.

With ``m`` the mean of ``‖x‖²`` over rows of ``d`` numbers:

- score matching, exact or along random directions of unit covariance (Hyvärinen 2005, Eq. 4;
  Song, Garg, Shi & Ermon 2019, Eq. 7 and 8): :math:`J = \tfrac12 a^2 m - a d`
- denoising score matching, :math:`\tfrac12 E\|s(x + \sigma z) + z / \sigma\|^2` (Vincent 2011,
  Eq. 9): :math:`J = \tfrac12 (a^2 m + d (1/\sigma - a\sigma)^2)`
- noise-contrastive estimation against ``N(0, I)`` (Gutmann & Hyvärinen 2012, Eq. 3 and 5) at
  ``a = 1`` and a normaliser ``δ`` above the true one: the derivative in it is
  :math:`\tanh(\delta / 2)`
- energy discrepancy (Schröder et al. 2023, Sect. 4.2): a simulation in NumPy
"""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from ebmbench.studies.peers.setting import SIGMA

PRECISIONS = (0.3, 1.0, 1.7)
"""Values of ``a`` at which derivatives are taken."""
SHIFTS = (-1.0, 0.0, 1.0)
"""Values of ``δ``, in nats."""
NEGATIVES = 4
"""Of energy discrepancy, per row."""
DRAWS = 2000
"""Of the simulation, per row."""


def score_matching(a: float, x: Tensor) -> float:
    """Return the derivative of the score matching loss."""
    return a * _mean_square(x) - x[0].numel()


def denoising(a: float, x: Tensor) -> float:
    """Return the derivative of the denoising score matching loss."""
    return score_matching(a, x) + a * x[0].numel() * SIGMA**2


def contrast(shift: float) -> float:
    """Return the derivative of the contrastive loss in the normaliser."""
    return math.tanh(shift / 2)


def discrepancy(a: float, x: Tensor) -> float:
    """Return the derivative of the energy discrepancy, by simulation."""
    rows = x.flatten(1).double().numpy()
    rng = np.random.default_rng(0)
    total = 0.0
    for row in rows:
        first = row + SIGMA * rng.standard_normal((DRAWS, 1, len(row)))
        second = first + SIGMA * rng.standard_normal((DRAWS, NEGATIVES, len(row)))
        slope = 0.5 * ((row**2).sum() - (second**2).sum(-1))
        weight = np.exp(a * slope)
        total += float(((weight * slope).sum(-1) / (1 + weight.sum(-1))).mean())
    return total / len(rows)


def _mean_square(x: Tensor) -> float:
    return float(x.flatten(1).double().square().sum(1).mean())
