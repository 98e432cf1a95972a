"""Conditional NCE and energy discrepancy: closed forms, quadrature, and their limits."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives import Objective
from ebmbench.objectives.base import State
from ebmbench.objectives.cd import ContrastiveDivergence
from ebmbench.objectives.cnce import (
    ConditionalNoiseContrastiveEstimation,
)
from ebmbench.objectives.ed import EnergyDiscrepancy

Make = Callable[..., Energy]
ROWS = 200_000


def sample(variance: float, generator: torch.Generator) -> Tensor:
    """Rows whose second moment is exactly the variance."""
    z = torch.empty(ROWS, 1, dtype=torch.float64).normal_(generator=generator)
    return z * (variance / z.square().mean()).sqrt()


def mean_loss(
    objective: Objective, energy: Energy, rows: Tensor, generator: torch.Generator
) -> float:
    state = objective.init(energy, rows, generator)
    with torch.no_grad():
        return float(objective.loss(energy, rows, state, generator).loss)


@pytest.mark.parametrize("epsilon", [0.2, 1.0])
@pytest.mark.parametrize("precision", [0.5, 2.0])
def test_conditional_nce_is_its_double_integral(
    epsilon: float, precision: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    nodes, weights = hermegauss(80)
    weights = weights / weights.sum()
    x, y = nodes[:, None], nodes[:, None] + epsilon * nodes[None]
    loss = 2 * np.logaddexp(0, 0.5 * precision * (x**2 - y**2))
    exact = float(weights @ loss @ weights)
    energy = gaussian_energy([0.0], [precision])
    objective = ConditionalNoiseContrastiveEstimation(epsilon=epsilon, copies=4)
    found = mean_loss(objective, energy, sample(1.0, generator), generator)
    assert found == pytest.approx(exact, abs=5e-3)


def test_conditional_nce_of_two_copies_averages_over_them(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    energy, rows = gaussian_energy([0.0], [1.0]), sample(1.0, generator)[:500]
    noise = torch.empty(2, 500, 1, dtype=torch.float64).normal_(
        generator=torch.Generator().manual_seed(5)
    )
    with torch.no_grad():
        gaps = energy(rows) - torch.stack([energy(rows + 0.4 * each) for each in noise])
        expected = 2 * gaps.exp().log1p().mean()
        step = ConditionalNoiseContrastiveEstimation(epsilon=0.4, copies=2).loss(
            energy, rows, State(), torch.Generator().manual_seed(5)
        )
    torch.testing.assert_close(step.loss, expected)


def test_energy_discrepancy_of_one_draw_is_a_difference_of_energies(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Without ``w`` and with one draw the loss is linear in the energies: ``-λ t`` on average."""
    energy, rows = gaussian_energy([0.0], [1.5]), sample(1.0, generator)
    found = mean_loss(EnergyDiscrepancy(t=0.3, negatives=1, w=0.0), energy, rows, generator)
    assert found == pytest.approx(-1.5 * 0.3, abs=0.02)


@pytest.mark.parametrize("t", [0.1, 1.0])
def test_energy_discrepancy_of_many_draws_is_its_closed_form(
    t: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    r"""For ``E = λx²/2`` the blurred model at ``y`` is ``(1 + λt)^{-1/2} exp(-λy²/(2 + 2λt))``."""
    precision, variance = 0.8, 1.3
    energy = gaussian_energy([0.0], [precision])
    rows = sample(variance, generator)[:4000]
    second = float(rows.square().mean())
    widened = 1 + precision * t
    exact = (
        0.5 * precision * second
        - 0.5 * math.log(widened)
        - 0.5 * precision * (second + t) / widened
    )
    found = mean_loss(EnergyDiscrepancy(t=t, negatives=1000, w=0.0), energy, rows, generator)
    assert found == pytest.approx(exact, abs=0.03)


def test_the_stabiliser_keeps_a_loss_from_below(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    energy, rows = gaussian_energy([0.0], [50.0]), torch.zeros(1000, 1, dtype=torch.float64)
    free = mean_loss(EnergyDiscrepancy(negatives=4, w=0.0), energy, rows, generator)
    held = mean_loss(EnergyDiscrepancy(negatives=4, w=1.0), energy, rows, generator)
    assert free < -math.log(4) < held


def test_the_penalty_of_contrastive_divergence_is_the_mean_square_of_energies(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    energy, rows = gaussian_energy([0.0], [1.0]), sample(1.0, generator)[:300]
    losses = []
    for penalty in (0.0, 0.3):
        objective = ContrastiveDivergence(steps=1, step_size=1e-9, energy_penalty=penalty)
        losses.append(mean_loss(objective, energy, rows, torch.Generator().manual_seed(2)))
    squares = float(energy(rows).detach().square().mean())
    # Chains of a vanishing step stay at the data.
    assert losses[1] - losses[0] == pytest.approx(0.3 * 2 * squares, rel=1e-6)
