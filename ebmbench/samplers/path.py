"""What a pilot run learns of a path: how long it is, and with which steps to walk it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

VARIANCE = 0.1
"""Of the log-weights, at which the number of temperatures aims."""


@dataclass(frozen=True)
class AnnealingPath:
    """What the pilot run learned, at its knots."""

    betas: Tensor
    """``(m,)`` from zero to one, float64."""
    step_sizes: Tensor
    """``(m,)``, float64."""
    length: Tensor
    """Thermodynamic length from zero to each knot, ``(m,)``: the integral of the standard
    deviation of the slope of the log-density in ``β``. ``length[-1]² / K`` is the variance of the
    log-weights that perfect transitions would leave with ``K`` temperatures."""

    def temperatures(self, least: int, most: int) -> int:
        """Return the ``K`` within a range at which that variance comes to :data:`VARIANCE`.

        The least if the length is not a number.
        """
        return math.ceil(min(max(least, float(self.length[-1]) ** 2 / VARIANCE), most))

    def schedule(self, temperatures: int) -> Tensor:
        """Return ``K + 1`` inverse temperatures at equal steps of thermodynamic length.

        A tenth of the length is spread evenly, so that no stretch is jumped over.
        """
        even = torch.linspace(0, 1, len(self.betas), dtype=torch.float64)
        path = 0.9 * self.length / self.length[-1].clamp_min(1e-12) + 0.1 * even
        path = path / path[-1]
        targets = torch.linspace(0, 1, temperatures + 1, dtype=torch.float64)
        betas = _interpolate(targets, path, self.betas)
        betas[0], betas[-1] = 0.0, 1.0
        return betas

    def step_size(self, beta: Tensor) -> Tensor:
        """Return the step sizes at given inverse temperatures."""
        return _interpolate(beta, self.betas, self.step_sizes.log()).exp()


def _interpolate(x: Tensor, knots: Tensor, values: Tensor) -> Tensor:
    """Return the piecewise linear interpolant through increasing ``knots`` at ``x``."""
    right = torch.searchsorted(knots, x).clamp(1, len(knots) - 1)
    left = right - 1
    share = ((x - knots[left]) / (knots[right] - knots[left])).clamp(0, 1)
    return values[left] + share * (values[right] - values[left])
