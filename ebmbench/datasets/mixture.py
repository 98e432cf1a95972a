r"""Gaussian mixtures as densities with known truth."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.datasets.base import Density
from ebmbench.numerics import logsumexp

CHUNK = 8192
"""Points that are treated at once, so that temporaries stay small."""


class GaussianMixture(Density):
    r"""A mixture :math:`\sum_k w_k N(m_k, C_k)`.

    Arguments:
        weights: ``w`` up to a factor, ``(k,)``.
        means: ``(k, d)``.
        covariances: ``(k, d, d)``.
    """

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        self.weights = weights.double() / weights.double().sum()
        self.means = means.double()
        self.factors = torch.linalg.cholesky(covariances.double())
        self.precisions = torch.cholesky_inverse(self.factors)
        log_det = self.factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        self.constants = self.weights.log() - log_det - 0.5 * self.dim * math.log(2 * math.pi)

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.means.shape[1]

    def log_prob(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = [logsumexp(self._log_terms(part)[0], 1) for part in torch.split(x.double(), CHUNK)]
        return torch.cat(parts).to(x.dtype)

    def score(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = []
        for part in torch.split(x.double(), CHUNK):
            terms, pulls = self._log_terms(part)
            parts.append(-(torch.softmax(terms, 1)[..., None] * pulls).sum(1))
        return torch.cat(parts).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        z = torch.randn(n, self.dim, generator=generator, dtype=torch.float64)
        return self.means[k] + torch.einsum("nij,nj->ni", self.factors[k], z)

    def _log_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        difference = x[:, None, :] - self.means
        pulls = torch.einsum("kij,nkj->nki", self.precisions, difference)
        return self.constants - 0.5 * (difference * pulls).sum(-1), pulls


def spherical_mixture(weights: Tensor, means: Tensor, std: float) -> GaussianMixture:
    """Return a mixture of ``N(m_k, std² I)``."""
    k, d = means.shape
    return GaussianMixture(
        weights, means, std**2 * torch.eye(d, dtype=torch.float64).expand(k, d, d)
    )
