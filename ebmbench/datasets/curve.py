r"""A curve in the plane with Gaussian noise around it.

.. math:: p(x) = \int_0^1 N\big(x; c(t), \sigma^2 I\big)\, dt

The integral over the parameter is a trapezoid sum over nodes that lie closer together than half a
standard deviation, where the sum of Gaussians equals the integral to better than 1e-8 away from the
ends; the *sampler draws from the same sum*, so that the density is exact for its samples whatever
the number of nodes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.datasets.base import Density

CHUNK = 4096


class NoisyCurve(Density):
    """Points on curves plus isotropic noise.

    Arguments:
        nodes: points on the curve, ``(m, 2)``, dense relative to ``std``.
        weights: their probabilities, ``(m,)``.
        std: standard deviation of the noise.
    """

    def __init__(self, nodes: Tensor, weights: Tensor, std: float) -> None:
        self.nodes = nodes.double()
        self.weights = (weights / weights.sum()).double()
        self.std = std
        constants = self.weights.log() - math.log(2 * math.pi * std**2)
        self._offsets = constants - (self.nodes**2).sum(-1) / (2 * std**2)

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return 2

    def log_prob(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = [torch.logsumexp(self._log_terms(part), 1) for part in x.double().split(CHUNK)]
        return torch.cat(parts).to(x.dtype)

    def score(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = [
            (torch.softmax(self._log_terms(part), 1) @ self.nodes - part) / self.std**2
            for part in x.double().split(CHUNK)
        ]
        return torch.cat(parts).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        z = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return self.nodes[k] + self.std * z

    def _log_terms(self, x: Tensor) -> Tensor:
        # One product of matrices; in float64 the expansion loses nothing that matters here.
        scaled = (x @ self.nodes.T - 0.5 * (x * x).sum(-1, keepdim=True)) / self.std**2
        return scaled + self._offsets
