r"""A curve in the plane with Gaussian noise around it.

.. math:: p(x) = \int N\big(x; c(t), \sigma^2 I\big)\, w(t)\, dt
          \approx \sum_j w_j\, N\big(x; c(t_j), \sigma^2 I\big)

by Gauss-Legendre quadrature along the curve. With nodes closer together than about half a standard
deviation the sum equals the integral to 1e-8 at every point that the law visits; and since the
sampler draws from the *sum*, the density is exact for its samples with any number of nodes.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ebmbench.datasets.base import Density
from ebmbench.numerics import logsumexp

CELLS = 1 << 18
"""Pairs of a point and a node that are held at once: two megabytes, so that they stay in cache."""


class NoisyCurve(Density):
    """Points on curves plus isotropic noise.

    Arguments:
        nodes: points on the curves, ``(m, 2)``, dense relative to ``std``.
        weights: their probabilities up to a factor, ``(m,)``.
        std: standard deviation of the noise ``σ``.
    """

    def __init__(self, nodes: Tensor, weights: Tensor, std: float) -> None:
        self.nodes = nodes.double()
        self.weights = weights.double() / weights.double().sum()
        self.std = std
        constants = self.weights.log() - math.log(2 * math.pi * std**2)
        self._offsets = constants - (self.nodes**2).sum(-1) / (2 * std**2)

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return 2

    def log_prob(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = [logsumexp(self._log_terms(part), 1) for part in self._split(x)]
        return torch.cat(parts).to(x.dtype)

    def score(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = [
            (torch.softmax(self._log_terms(part), 1) @ self.nodes - part) / self.std**2
            for part in self._split(x)
        ]
        return torch.cat(parts).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        z = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return self.nodes[k] + self.std * z

    def _split(self, x: Tensor) -> tuple[Tensor, ...]:
        return torch.split(x.double(), max(1, CELLS // len(self.nodes)))

    def _log_terms(self, x: Tensor) -> Tensor:
        # One product of matrices; in float64 the expanded square loses nothing that matters here.
        scaled = (x @ self.nodes.T - 0.5 * (x * x).sum(-1, keepdim=True)) / self.std**2
        terms = scaled + self._offsets
        # exp(-600) adds nothing, and numbers that underflow make exp several times slower.
        return torch.maximum(terms, terms.amax(1, keepdim=True) - 600)


def gauss_legendre(low: float, high: float, count: int) -> tuple[Tensor, Tensor]:
    """Return nodes and weights of Gauss-Legendre quadrature on an interval, ``(count,)`` each."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    half = (high - low) / 2
    return low + half * (1 + torch.from_numpy(nodes)), half * torch.from_numpy(weights)
