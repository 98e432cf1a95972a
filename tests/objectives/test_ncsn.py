"""Many noise levels at once: the loss in closed form, and chains that go down the levels."""

import math

import pytest
import torch
from torch import Tensor

from ebmbench.contracts.quadratic import LEVELS, QuadraticLevels
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.objectives import State
from ebmbench.objectives.ncsn import NoiseConditionalScoreMatching
from ebmbench.samplers.down_levels import down_the_levels


class MixtureLevels(ConditionalEnergy):
    """A mixture convolved with its noise: every level is exact."""

    def __init__(self, weights: Tensor, means: Tensor, variance: float) -> None:
        mean = weights @ means
        spread = (weights @ (means - mean).square() + variance).sqrt()
        super().__init__(mean, spread, torch.logspace(1, -1, 12).tolist())
        self.weights, self.means, self.variance = weights, means, variance

    def at(self, sigma: float | Tensor) -> GaussianMixtureEnergy:
        variances = torch.full_like(self.weights, self.variance + float(sigma) ** 2)
        found = GaussianMixtureEnergy(self.weights, self.means, variances)
        return found.to(self.mean.dtype)


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.7])
def test_the_loss_of_a_quadratic_is_its_closed_form(
    slope: float, generator: torch.Generator
) -> None:
    """For N(0, I) data ``σs + z`` has variance ``(aσ)²/(1 + σ²) - 2aσ²/(1 + σ²) + 1``."""
    energy = QuadraticLevels(slope)
    losses = torch.stack(
        [
            NoiseConditionalScoreMatching()
            .loss(energy, torch.randn(4000, 2, generator=generator), State(), generator)
            .loss.detach()
            for _ in range(40)
        ]
    )
    each = [1 + (slope**2 - 2 * slope) * s**2 / (1 + s**2) for s in LEVELS]
    exact = sum(each) / len(each)
    assert abs(float(losses.mean()) - exact) < 4 * float(losses.std()) / math.sqrt(40)


def test_an_energy_of_one_level_is_refused(generator: torch.Generator) -> None:
    energy = MLPEnergy(torch.zeros(2), torch.ones(2), [4], generator=generator)
    with pytest.raises(EbmbenchError, match="energy MLPEnergy has no noise levels"):
        NoiseConditionalScoreMatching().loss(energy, torch.zeros(3, 2), State(), generator)


def test_chains_down_exact_levels_find_the_weights_of_separated_modes(
    generator: torch.Generator,
) -> None:
    """Two modes twenty deviations apart; chains at the lowest level alone would keep 1/2."""
    weights = torch.tensor([0.2, 0.8], dtype=torch.float64)
    means = torch.tensor([[-5.0, 0.0], [5.0, 0.0]], dtype=torch.float64)
    energy = MixtureLevels(weights, means, 0.25)
    x, acceptance = down_the_levels(energy, 2000, generator, 30)
    share = float((x[:, 0] > 0).double().mean())
    assert share == pytest.approx(0.8, abs=0.05)
    assert float(x[:, 1].var()) == pytest.approx(0.25 + 0.01, rel=0.15)
    assert acceptance.shape == (12,)
    assert float(acceptance.min()) > 0.5
