"""The noise of noise-contrastive estimation, and the usual one: a fitted Gaussian mixture."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Protocol

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

ROWS = 10_000
"""Training rows that a mixture is fitted to, at most."""


class Noise(Protocol):
    """A normalised law whose density and samples cost little; neither carries a graph."""

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``."""
        ...

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the log-density, ``(n,)``, at points ``x``, ``(n, d)``."""
        ...


@dataclass(frozen=True)
class GaussianMixtureNoise:
    """A mixture of ``k`` Gaussians whose density and samples cost little."""

    weights: Tensor
    """``(k,)``, summing to one."""
    means: Tensor
    """``(k, d)``."""
    factors: Tensor
    """Cholesky factors of the covariances, ``(k, d, d)``."""
    whiteners: Tensor
    """Their inverses, ``(k, d, d)``."""

    @classmethod
    def fit(
        cls,
        data: Tensor,
        components: int,
        inflation: float,
        generator: torch.Generator,
        diagonal: bool = False,
    ) -> GaussianMixtureNoise:
        """Fit a mixture of Gaussians with full covariances.

        Arguments:
            data: training rows, ``(n, d)``.
            components: ``k``; a single Gaussian is fitted in closed form to all rows.
            inflation: factor on the standard deviations after the fit.
            generator: the source of the starting point of expectation-maximisation.
            diagonal: whether only the variances of each Gaussian are kept.
        """
        rows = data.double()
        if components == 1:
            weights = rows.new_ones(1)
            means = rows.mean(0, keepdim=True)
            covariances = torch.cov(rows.T).reshape(1, rows.shape[1], rows.shape[1])
        else:
            weights, means, covariances = _fit_mixture(rows, components, generator)
        variances = covariances.diagonal(dim1=1, dim2=2)
        if diagonal:
            covariances = torch.diag_embed(variances)
        # A ridge of 1e-6 of the mean variance keeps the factor defined for degenerate data.
        ridge = 1e-6 * variances.mean(1)[:, None].expand_as(variances)
        factors = inflation * torch.linalg.cholesky(covariances + torch.diag_embed(ridge))
        found = (weights, means, factors, torch.linalg.inv(factors))
        return cls(*(tensor.to(data.dtype) for tensor in found))

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``."""
        means, factors = self.means, self.factors
        z = means.new_empty(n, means.shape[1]).normal_(generator=generator)
        if len(means) == 1:
            return torch.addmm(means, z, factors[0].T)
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        return means[k] + (factors[k] @ z[:, :, None])[:, :, 0]

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the log-density, ``(n,)``, at points ``x``, ``(n, d)``."""
        whiteners = self.whiteners
        constants = self.weights.log() + whiteners.diagonal(dim1=1, dim2=2).log().sum(1)
        centred = x - self.means[:, None]  # (k, n, d)
        squares = (centred @ whiteners.mT).square().sum(-1)
        each = constants[:, None] - 0.5 * squares
        return torch.logsumexp(each, 0) - 0.5 * x.shape[1] * math.log(2 * math.pi)


def _fit_mixture(
    rows: Tensor, components: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    picked = torch.randperm(len(rows), generator=generator, device=rows.device)[:ROWS]
    seed = int(torch.randint(2**31, (1,), generator=generator, device=rows.device))
    model = GaussianMixture(components, random_state=seed, reg_covar=1e-4)
    with warnings.catch_warnings():
        # A mixture that has not converged is as valid a noise as any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows[picked].cpu().numpy())
    fitted = (model.weights_, model.means_, model.covariances_)
    weights, means, covariances = (torch.from_numpy(a).to(rows.device) for a in fitted)
    return weights, means, covariances
