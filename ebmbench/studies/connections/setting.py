"""Where the connections are checked: an energy, a data density, and quadrature nodes for both.

Every expectation is a weighted sum over Gauss-Hermite nodes, so that a measured limit has no Monte
Carlo error and its order of convergence can be read off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.mlp import MLPEnergy


@dataclass(frozen=True)
class Setting:
    """Two energies to compare and the density that the data come from, in float64."""

    name: str
    energy: Energy
    other: Energy
    """A second energy of the same kind; identities that hold up to a constant use both."""
    weights: Tensor
    """Mixture weights of the data, ``(m,)``."""
    means: Tensor
    """``(m, d)``."""
    variances: Tensor
    """Isotropic component variances, ``(m,)``."""

    def data(self, extra_variance: float = 0.0) -> GaussianMixtureEnergy:
        """Return the data density, convolved with ``N(0, extra_variance I)``."""
        return GaussianMixtureEnergy(
            self.weights, self.means, self.variances + extra_variance
        ).double()

    def nodes(self, count: int = 40, extra_variance: float = 0.0) -> tuple[Tensor, Tensor]:
        """Return nodes ``(n, d)`` and weights ``(n,)`` for expectations under the data."""
        z, w = noise_nodes(self.means.shape[1], count)
        scale = (self.variances + extra_variance).sqrt()[:, None, None]
        x = self.means[:, None, :] + scale * z
        return x.flatten(0, 1), (self.weights[:, None] * w).flatten()


def noise_nodes(dim: int, count: int = 12) -> tuple[Tensor, Tensor]:
    """Return Gauss-Hermite nodes ``(count^d, d)`` and weights for ``N(0, I_d)``."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    z = torch.from_numpy(nodes)
    w = torch.from_numpy(weights / weights.sum())
    grid = torch.cartesian_prod(*[z] * dim).reshape(-1, dim)
    product = torch.cartesian_prod(*[w] * dim).reshape(-1, dim).prod(-1)
    return grid, product


def gaussian_setting() -> Setting:
    """Return data N(0, 1) and the model N(0, 2): every limit is known in closed form."""
    one = torch.ones(1, dtype=torch.float64)
    zero = torch.zeros(1, 1, dtype=torch.float64)
    return Setting(
        name="N(0,2) for data N(0,1)",
        energy=GaussianMixtureEnergy(one, zero, 2 * one).double(),
        other=GaussianMixtureEnergy(one, zero, 3 * one).double(),
        weights=one,
        means=zero,
        variances=one,
    )


def network_setting(seed: int = 0) -> Setting:
    """Return two random networks in 2D and data from a mixture of two Gaussians."""
    generator = torch.Generator().manual_seed(seed)
    mean, std = torch.zeros(2), torch.full((2,), 1.5)
    first, second = (_random_network(mean, std, generator) for _ in range(2))
    return Setting(
        name="random network in 2D",
        energy=first,
        other=second,
        weights=torch.tensor([0.6, 0.4], dtype=torch.float64),
        means=torch.tensor([[-0.8, 0.3], [0.9, -0.4]], dtype=torch.float64),
        variances=torch.tensor([0.4, 0.6], dtype=torch.float64),
    )


def _random_network(mean: Tensor, std: Tensor, generator: torch.Generator) -> Energy:
    energy = MLPEnergy(mean, std, hidden=[16, 16], activation="tanh", generator=generator).double()
    with torch.no_grad():
        for parameter in energy.parameters():
            # Smooth enough for the quadrature to be exact to the tolerance of an identity.
            scale = 0.8 / parameter.shape[-1] ** 0.5
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return energy
