"""The density of the probability flow, against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ebmbench.contracts.quadratic import QuadraticLevels
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition.flow_ode import flow_log_density

ROWS = torch.tensor([[0.0, 0.0], [1.0, -0.5], [-2.0, 1.5]])


class Mixture(ConditionalEnergy):
    """Two normal densities of one deviation, convolved with the noise of a level."""

    def __init__(self) -> None:
        super().__init__(torch.zeros(2), torch.tensor([2.1, 0.7]), [40.0, 0.3, 0.1])
        self.double()

    def at(self, sigma: float | Tensor) -> GaussianMixtureEnergy:
        means = torch.tensor([[-2.0, 0.0], [2.0, 0.0]]).double()
        return GaussianMixtureEnergy(
            torch.tensor([0.3, 0.7]).double(), means, torch.full((2,), 0.49 + float(sigma) ** 2)
        ).double()


@pytest.mark.parametrize("slope", [1.0, 1.6])
def test_scores_of_a_gaussian_have_the_closed_form(slope: float) -> None:
    """With ``s = -ax/(1 + σ²)`` the flow is linear: ``x(σ) ∝ (1 + σ²)^{a/2}``."""
    low, high = 1 + 0.1**2, 1 + 1.0**2
    stretch = 0.5 * slope * math.log(high / low)
    end = ROWS.double() * math.exp(stretch)
    truth = 2 * stretch - math.log(2 * math.pi * high) - 0.5 * end.square().sum(1) / high
    found = flow_log_density(QuadraticLevels(slope), ROWS, 1e-7)
    torch.testing.assert_close(found, truth, atol=1e-5, rtol=0)


def test_exact_levels_give_the_density_of_the_lowest() -> None:
    """All that is wrong is that the highest level is taken to be a Gaussian."""
    energy = Mixture()
    found = flow_log_density(energy, ROWS)
    torch.testing.assert_close(found, -energy.lowest(ROWS.double()), atol=0.01, rtol=0)
