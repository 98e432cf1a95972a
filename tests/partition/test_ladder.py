"""``log Z`` down the noise levels, against closed forms and quadrature."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ebmbench.contracts.quadratic import QuadraticLevels
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.mlp_levels import MLPLevels
from ebmbench.partition.base import LogZ
from ebmbench.partition.ladder import ladder_log_z
from ebmbench.partition.quadrature import quadrature


class Mixture(ConditionalEnergy):
    """A mixture convolved with its noise, each level of another constant."""

    def __init__(self, weights: Tensor, means: Tensor, variance: float, levels: list[float]):
        mean = weights @ means
        spread = (weights @ (means - mean).square() + variance).sqrt()
        super().__init__(mean, spread, levels)
        self.weights, self.means, self.variance = weights, means, variance

    def at(self, sigma: float | Tensor) -> GaussianMixtureEnergy:
        variances = torch.full_like(self.weights, self.variance + float(sigma) ** 2)
        return GaussianMixtureEnergy(self.weights, self.means, variances).to(self.mean.dtype)


def near(found: LogZ, truth: float) -> bool:
    return abs(found.diagnostics["forward"] - truth) < 4 * found.stderr + 0.01


@pytest.mark.parametrize("slope", [1.0, 1.8])
def test_levels_of_a_quadratic_have_the_closed_form(slope: float) -> None:
    """Of ``a‖x‖²/2(1 + σ²)`` in the plane it is ``log(2π(1 + σ²)/a)``; a = 1 is the origin's."""
    energy = QuadraticLevels(slope)
    found = ladder_log_z(energy, torch.Generator().manual_seed(3), 0, 1.0)
    truth = math.log(2 * math.pi * (1 + 0.1**2) / slope)
    assert near(found, truth)
    assert found.certified, found.note
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower <= truth <= found.upper


@pytest.mark.slow
def test_modes_that_no_chain_crosses_get_their_weights() -> None:
    """A mixture is normalised at every level: ``log Z`` is zero."""
    weights = torch.tensor([0.2, 0.8], dtype=torch.float64)
    means = torch.tensor([[-5.0, 0.0], [5.0, 0.0]], dtype=torch.float64)
    energy = Mixture(weights, means, 0.25, torch.logspace(1, -0.5, 6).tolist())
    found = ladder_log_z(energy, torch.Generator().manual_seed(4), 1, 0.4)
    assert found.certified, found.note
    assert near(found, 0.0)


def test_a_network_away_from_its_start_agrees_with_quadrature() -> None:
    generator = torch.Generator().manual_seed(0)
    levels = [3.0, 1.0, 0.3, 0.1]
    energy = MLPLevels(torch.ones(2), torch.ones(2), levels, hidden=[8, 8], generator=generator)
    with torch.no_grad():
        for each in energy.parameters():
            each.add_(0.3 * torch.randn(each.shape, generator=generator))
    found = ladder_log_z(energy, generator, 0, 0.01)
    assert near(found, quadrature(energy).log_z)
    assert not found.certified
    assert "its runs differ by" in found.note
