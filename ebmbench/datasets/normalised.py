"""A normalised energy with an exact sampler, taken as a density with known truth."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.datasets.base import Density
from ebmbench.energies.base import Energy

CHUNK = 4096
"""Points that are treated at once, so that temporaries stay small."""


class NormalisedEnergy(Density):
    """The density of an energy whose ``log Z`` is known.

    Arguments:
        energy: one with ``log_z()`` and an exact ``sampler()``; it is used in float64.
    """

    def __init__(self, energy: Energy) -> None:
        self.energy = energy.double().requires_grad_(False)
        sampler, log_z = energy.sampler(), energy.log_z()
        assert sampler is not None
        assert sampler.exact
        assert log_z is not None
        self._draw, self._log_z = sampler.draw, log_z

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.energy.dim

    def log_prob(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = [-self.energy(part) - self._log_z for part in torch.split(x.double(), CHUNK)]
        return torch.cat(parts).to(x.dtype)

    def score(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = []
        for part in torch.split(x.detach().double(), CHUNK):
            points = part.clone().requires_grad_()
            with torch.enable_grad():
                (slope,) = torch.autograd.grad(self.energy(points).sum(), points)
            parts.append(-slope)
        return torch.cat(parts).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        return self._draw(n, generator).double()
