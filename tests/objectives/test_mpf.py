"""Minimum probability flow: a closed form, its limit, and the tangent beyond large exponents."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives import State
from ebmbench.objectives.mpf import LARGEST, MinimumProbabilityFlow

Make = Callable[..., Energy]


def sample(generator: torch.Generator) -> Tensor:
    z = torch.empty(200_000, 1, dtype=torch.float64).normal_(generator=generator)
    return z / z.square().mean().sqrt()


def exact(precision: float, epsilon: float) -> float:
    """The double integral for N(0, 1) data and ``E = λx²/2``."""
    nodes, weights = hermegauss(80)
    weights = weights / weights.sum()
    x, y = nodes[:, None], nodes[:, None] + epsilon * nodes[None]
    return float(weights @ np.exp(0.25 * precision * (x**2 - y**2)) @ weights)


@pytest.mark.parametrize("precision", [0.5, 1.0, 1.5])
def test_the_loss_is_its_double_integral(
    precision: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.0], [precision])
    objective = MinimumProbabilityFlow(epsilon=0.5, copies=4)
    step = objective.loss(energy, sample(generator), State(), generator)
    assert float(step.loss.detach()) == pytest.approx(exact(precision, 0.5), abs=2e-3)
    assert float(step.info["clamped"]) == 0


def test_the_optimum_is_the_truth_for_wide_neighbours() -> None:
    values = [exact(precision, 0.5) for precision in (0.9, 1.0, 1.1)]
    assert min(values) == values[1]
    assert exact(0.99, 0.8) > exact(1.0, 0.8) < exact(1.01, 0.8)


def test_narrow_neighbours_give_score_matching() -> None:
    """``K = 1 + (ε²/4) J`` with ``J = λ²/2 - λ`` (tutorial, Sect. 6.1)."""
    errors = []
    for epsilon in (0.4, 0.2, 0.1):
        errors.append((exact(1.5, epsilon) - 1) / epsilon**2 - (1.5**2 / 2 - 1.5) / 4)
    assert abs(errors[2]) < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.15)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.15)


def test_beyond_a_large_exponent_the_flow_is_its_tangent(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    energy, rows = gaussian_energy([0.0], [1.0]), torch.full((50, 1), 40.0).double()
    seed = torch.Generator().manual_seed(4)
    noise = torch.empty(1, 50, 1).double().normal_(generator=torch.Generator().manual_seed(4))
    exponent = 0.5 * (energy(rows) - energy(rows + 0.5 * noise[0])).detach()
    step = MinimumProbabilityFlow(epsilon=0.5).loss(energy, rows, State(), seed)
    line = math.exp(LARGEST) * (1 + exponent - LARGEST)
    expected = torch.where(exponent > LARGEST, line, exponent.exp()).mean()
    torch.testing.assert_close(step.loss.detach(), expected)
    share = (exponent > LARGEST).double().mean()
    assert 0 < float(share) < 1
    torch.testing.assert_close(step.info["clamped"], share)
