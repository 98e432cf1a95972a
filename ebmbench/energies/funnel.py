r"""Neal's funnel: a normalised density whose scale varies by orders of magnitude."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.energies.closed import ClosedDensity
from ebmbench.seeds import normal_like


class FunnelEnergy(ClosedDensity):
    r"""The funnel with ``log Z = 0`` (Neal 2003, Annals of Statistics 31(3), Sect. 8).

    .. math:: x_1 \sim N(0, s^2), \qquad x_i \mid x_1 \sim N(0, e^{x_1})

    Arguments:
        d: dimension, at least two.
        spread: ``s``; three in the paper.
    """

    def __init__(self, d: int, spread: float) -> None:
        # the variance of x_i is E exp(x_1)
        std = torch.full((d,), math.exp(0.25 * spread**2), dtype=torch.float64)
        std[0] = spread
        super().__init__(torch.zeros(d, dtype=torch.float64), std)
        self.spread = spread

    def forward(self, x: Tensor) -> Tensor:
        first, rest = x[:, 0], x[:, 1:]
        n = rest.shape[1]
        neck = 0.5 * (first / self.spread).square() + math.log(self.spread)
        cone = 0.5 * (-first).exp() * rest.square().sum(1) + 0.5 * n * first
        return neck + cone + 0.5 * (n + 1) * math.log(2 * math.pi)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` exact samples, ``(n, d)``."""
        z = normal_like(self.mean.double().expand(n, -1), generator)
        first = self.spread * z[:, :1]
        return torch.cat([first, (0.5 * first).exp() * z[:, 1:]], 1)
