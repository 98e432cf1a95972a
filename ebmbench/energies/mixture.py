r"""A normalised Gaussian mixture in the form of an energy: the references, and known truths."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.own_sampler import EXACT, OwnSampler
from ebmbench.numerics import logsumexp
from ebmbench.seeds import normal_like

CHUNK_ELEMENTS = 1 << 20
"""Numbers in the largest table of distances that is made at once."""


class GaussianMixtureEnergy(Energy):
    r"""The negative log-density of a Gaussian mixture; ``log Z = 0``.

    .. math:: E(x) = -\log \sum_k w_k\, N(x; m_k, C_k)

    Arguments:
        weights: ``w``, ``(k,)``, summing to one.
        means: ``(k, d)``.
        covariances: ``(k, d, d)``; or variances, ``(k, d)`` along the axes or ``(k,)``.
    """

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        super().__init__()
        self.weights: Tensor
        self.means: Tensor
        self.factors: Tensor
        self.constants: Tensor
        d = means.shape[1]
        if covariances.dim() < 3:
            factors = covariances.double().rsqrt()
            log_det = d * factors.log() if factors.dim() == 1 else factors.log().sum(-1)
        else:
            chol = torch.linalg.cholesky(covariances.double())
            eye = torch.eye(d, dtype=torch.float64).expand_as(chol)
            factors = torch.linalg.solve_triangular(chol, eye, upper=False)
            log_det = factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        constants = weights.double().log() + log_det - 0.5 * d * math.log(2 * math.pi)
        self.register_buffer("weights", weights.clone())
        self.register_buffer("means", means.clone())
        self.register_buffer("factors", factors.to(means.dtype))
        self.register_buffer("constants", constants.to(means.dtype))

    @staticmethod
    def holds(state: Mapping[str, Tensor]) -> bool:
        """Whether ``state`` is the ``state_dict`` of a mixture."""
        return set(state) == {"weights", "means", "factors", "constants"}

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> GaussianMixtureEnergy:
        """Rebuild a mixture from its ``state_dict``."""
        covariances = torch.ones_like(state["factors"])
        if covariances.dim() == 3:
            covariances = torch.eye(covariances.shape[1]).expand_as(covariances)
        energy = cls(state["weights"], state["means"], covariances)
        energy.load_state_dict(state)
        return energy

    @property
    def dim(self) -> int:
        return self.means.shape[1]

    @property
    def smooth(self) -> bool:
        return True

    @property
    def reference(self) -> Gaussian:
        """The independent Gaussian with the mixture's own mean and deviations."""
        mean = self.weights @ self.means
        spread = self.weights @ (self.means - mean) ** 2
        return Gaussian(mean, (spread + self.weights @ self._variances()).sqrt())

    def log_z(self) -> Tensor:
        return self.constants.new_zeros(())

    def chain(self) -> None:
        return None

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self._values(rows) for rows in torch.split(x, self._chunk)])

    @property
    def _chunk(self) -> int:
        """Rows whose distances to all components fit into the cache; at least one."""
        each = len(self.weights) * (1 if self.factors.dim() == 1 else self.dim)
        return max(1, CHUNK_ELEMENTS // each)

    def _values(self, x: Tensor) -> Tensor:
        return -logsumexp(self.constants - 0.5 * self._squared_distances(x), dim=1)

    def sampler(self) -> OwnSampler:
        return OwnSampler(EXACT, self.sample)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` exact samples, ``(n, d)``."""
        weights = self.weights.to(generator.device)
        k = torch.multinomial(weights, n, replacement=True, generator=generator)
        k = k.to(self.means.device)
        z = normal_like(self.means[:1].expand(n, -1), generator)
        if self.factors.dim() == 3:
            # one component after the other: a factor for every row would not fit into memory
            for j in range(len(self.weights)):
                rows = k == j
                z[rows] = torch.linalg.solve_triangular(self.factors[j], z[rows].T, upper=False).T
            return self.means[k] + z
        return self.means[k] + z / self.factors[k].reshape(n, -1)

    def _squared_distances(self, x: Tensor) -> Tensor:
        """Mahalanobis distances, ``(n, k)``."""
        if self.factors.dim() == 1:
            squares = (x * x).sum(-1, keepdim=True) + (self.means * self.means).sum(-1)
            distances = (squares - 2 * x @ self.means.T).clamp_min(0)
            return distances * self.factors**2
        if self.factors.dim() == 2:
            scaled = (x[:, None, :] - self.means) * self.factors
            return (scaled * scaled).sum(-1)
        centred = x - self.means[:, None, :]
        whitened = torch.matmul(centred, self.factors.transpose(1, 2))
        return (whitened * whitened).sum(-1).T

    def _variances(self) -> Tensor:
        """Variance of each component along each axis, ``(k, d)``."""
        if self.factors.dim() < 3:
            return (self.factors**-2).reshape(len(self.factors), -1).expand(-1, self.dim)
        inverse = torch.linalg.inv(self.factors)
        return torch.sum(inverse * inverse, -1)
