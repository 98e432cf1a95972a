r"""A twisted Gaussian: a normalised density along a parabola."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.energies.closed import ClosedDensity
from ebmbench.seeds import normal_like


class BananaEnergy(ClosedDensity):
    r"""A Gaussian whose second coordinate is bent, with ``log Z = 0``.

    .. math:: y \sim N(0, \operatorname{diag}(s^2, 1, \dots, 1)), \qquad
              x = (y_1,\; y_2 - b\,(y_1^2 - s^2),\; y_3, \dots)

    The map keeps volumes. Haario, Saksman & Tamminen (1999), *Adaptive proposal distribution for
    random walk Metropolis algorithm*, Computational Statistics 14, with :math:`s^2 = 100` in
    eight dimensions, :math:`b = 0.03` for a moderate and 0.1 for a strong twist.

    Arguments:
        d: dimension, at least two.
        spread: ``s``.
        bend: ``b``.
    """

    def __init__(self, d: int, spread: float, bend: float) -> None:
        std = torch.ones(d, dtype=torch.float64)
        std[0] = spread
        # the variance of y₁² is 2 s⁴
        std[1] = math.sqrt(1 + 2 * bend**2 * spread**4)
        super().__init__(torch.zeros(d, dtype=torch.float64), std)
        self.spread, self.bend = spread, bend

    def forward(self, x: Tensor) -> Tensor:
        straight = x[:, 1] + self.bend * (x[:, 0].square() - self.spread**2)
        squares = (x[:, 0] / self.spread).square() + straight.square() + x[:, 2:].square().sum(1)
        constant = math.log(self.spread) + 0.5 * self.dim * math.log(2 * math.pi)
        return 0.5 * squares + constant

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` exact samples, ``(n, d)``."""
        x = normal_like(self.mean.double().expand(n, -1), generator)
        x[:, 0] *= self.spread
        x[:, 1] -= self.bend * (x[:, 0].square() - self.spread**2)
        return x
