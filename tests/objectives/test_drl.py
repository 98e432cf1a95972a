"""Diffusion recovery likelihood: closed forms on Gaussians, and the weights of separated modes."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ebmbench.energies.base import Energy
from ebmbench.energies.conditional import TiltedLevels
from ebmbench.errors import EbmbenchError
from ebmbench.objectives.drl import DiffusionRecoveryLikelihood

Make = Callable[..., Energy]
LEVELS = [2.0, 0.7, 0.3]
VARIANCE = 1.6


class GaussianLevels(TiltedLevels):
    """``E(x, σ_i) = λ_i x² / 2`` on the line, a precision for each level."""

    def __init__(self, precisions: list[float]) -> None:
        super().__init__(torch.zeros(1).double(), torch.ones(1).double(), LEVELS)
        self.precisions = nn.Parameter(torch.tensor(precisions, dtype=torch.float64))

    def tilt(self, u: Tensor, sigma: Tensor) -> Tensor:
        own = ((sigma - self.levels).abs() < 1e-6).to(u) @ self.precisions
        spread = 1 + sigma[:, 0] ** 2
        return 0.5 * (own * spread - 1) * u[:, 0] ** 2


def closed_form(precisions: Tensor) -> Tensor:
    """The gradient in the precisions, each level met by a third of the rows.

    Given ``x + s z`` the model is Gaussian of precision ``λ + 1 / s²`` with its mean at
    ``(x + s z) / (1 + λs²)``.
    """
    levels = torch.tensor(LEVELS, dtype=torch.float64)
    above = torch.cat([levels[:1] * levels[0] / levels[1], levels[:-1]])
    s2 = above**2 - levels**2
    own = VARIANCE + levels**2
    wide = 1 + precisions * s2
    return (own - s2 / wide - (own + s2) / wide**2) / 6


@pytest.mark.parametrize("right", [True, False])
def test_the_gradient_is_that_of_the_recovery_likelihood(
    right: bool, generator: torch.Generator
) -> None:
    truth = 1 / (VARIANCE + torch.tensor(LEVELS, dtype=torch.float64) ** 2)
    precisions = truth if right else 1.5 * truth + 0.1
    energy = GaussianLevels(precisions.tolist())
    objective = DiffusionRecoveryLikelihood(steps=20)
    rows = math.sqrt(VARIANCE) * torch.empty(1500, 1).double().normal_(generator=generator)
    rows = rows * (VARIANCE / rows.square().mean()).sqrt()
    state = objective.init(energy, rows, generator)
    draws = []
    for k in range(30):
        step = objective.loss(energy, rows, state, generator)
        state = step.state
        if k >= 6:
            draws.append(torch.autograd.grad(step.loss, energy.precisions)[0])
    values = torch.stack(draws)
    error = (values.mean(0) - closed_form(precisions)) / (values.std(0) / math.sqrt(len(draws)))
    assert float(error.abs().max()) < 4
    if right:
        torch.testing.assert_close(closed_form(precisions), torch.zeros(3).double())
    else:
        assert float((closed_form(precisions) / values.std(0)).abs().min()) > 1


def test_an_energy_without_levels_is_refused_in_a_sentence(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy, objective = gaussian_energy([0.0, 0.0], [1.0, 1.0]), DiffusionRecoveryLikelihood()
    state = objective.init(energy, rows, generator)
    with pytest.raises(EbmbenchError, match="GaussianEnergy has no noise levels"):
        objective.loss(energy, rows, state, generator)


def test_its_own_sampler_goes_down_the_levels(generator: torch.Generator) -> None:
    """With the true energies the ends have the variance of the lowest level."""
    truth = 1 / (VARIANCE + torch.tensor(LEVELS, dtype=torch.float64) ** 2)
    energy, objective = GaussianLevels(truth.tolist()), DiffusionRecoveryLikelihood(steps=20)
    state = objective.init(energy, torch.zeros(1, 1).double(), generator)
    for _ in range(20):
        state = objective.loss(energy, torch.zeros(300, 1).double(), state, generator).state
    sampler = objective.own_sampler(energy, state)
    assert sampler is not None
    assert not sampler.exact
    x = sampler.draw(8000, generator)
    squares = x.square()
    exact = VARIANCE + LEVELS[-1] ** 2
    error = (squares.mean() - exact) / (squares.std() / math.sqrt(len(x)))
    assert abs(float(error)) < 4
