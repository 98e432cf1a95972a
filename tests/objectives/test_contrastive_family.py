"""The contrastive family at Gaussians, where every loss is an integral of known value.

Data and noise are quantiles of their laws in place of random draws, so that means over them are
integrals to a few digits and no test has sampling error.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives import Objective, State
from ebmbench.objectives.against_noise import FittedNoise, NoiseAndNormaliser
from ebmbench.objectives.brier_cnce import BrierConditionalNoiseContrast
from ebmbench.objectives.n2ce import noisier_terms
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.options import build
from ebmbench.registry import OBJECTIVES

Make = Callable[..., Energy]
N = 20_000
LOG_Z = 0.5 * math.log(2 * math.pi)
ENTROPY = LOG_Z + 0.5
"""Of N(0, 1), the data; the noise is N(0, 4)."""
KL_TO_NOISE = math.log(2) + 1 / 8 - 1 / 2


def quantiles(n: int, std: float) -> Tensor:
    u = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return std * torch.special.ndtri(u)[:, None]


class QuantileNoise:
    """N(0, 4), its draws spread evenly."""

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        return quantiles(n, 2.0)

    def log_prob(self, x: Tensor) -> Tensor:
        return -(x * x).sum(-1) / 8 - LOG_Z - math.log(2)


def state_at(log_z: float) -> NoiseAndNormaliser:
    c = torch.tensor(log_z, dtype=torch.float64, requires_grad=True)
    return NoiseAndNormaliser(QuantileNoise(), c)


def loss_and_slopes(
    name: str, options: dict[str, Any], energy: Energy, log_z: float = LOG_Z
) -> tuple[float, Tensor]:
    """The loss, and its gradient in location, precision and (where there is one) ``c``."""
    objective: Objective = build(OBJECTIVES.get(name), options, "test")
    normalised = name not in {"is-mle", "ranking-nce"}
    state = state_at(log_z) if normalised else FittedNoise(QuantileNoise())
    step = objective.loss(energy, quantiles(N, 1.0), state, torch.Generator())
    parameters = [*energy.parameters(), *state.learned.values()]
    slopes = torch.autograd.grad(step.loss, parameters)
    return float(step.loss.detach()), torch.cat([slope.flatten() for slope in slopes])


def grid_integral(integrand: Callable[[Tensor], Tensor]) -> float:
    grid = torch.linspace(-20, 20, 8001, dtype=torch.float64)
    return float(integrand(grid).sum() * (grid[1] - grid[0]))


def density(x: Tensor, std: float = 1.0) -> Tensor:
    return torch.exp(-0.5 * (x / std) ** 2) / (std * math.sqrt(2 * math.pi))


def noisier(m: float) -> float:
    """The loss of a virtual ratio at the truth, by quadrature of its definition."""

    def integrand(x: Tensor) -> Tensor:
        p, q = density(x), density(x, 2.0)
        return p * torch.log1p(m * q / p.clamp_min(1e-300)) + m * q * torch.log1p(p / (m * q))

    return grid_integral(integrand) - math.log(m)


VALUES: list[tuple[str, dict[str, Any], float]] = [
    ("n2ce", {"magnitude": 1.0}, noisier(1.0)),
    ("n2ce", {"magnitude": 30.0}, noisier(30.0)),
    ("snl", {}, ENTROPY),
    # Twice the Bhattacharyya coefficient √(2·1·2 / (1 + 4)).
    ("ence", {}, 2 * math.sqrt(0.8)),
    ("is-mle", {}, ENTROPY),
    ("ranking-nce", {}, math.log(N) - KL_TO_NOISE),
]


@pytest.mark.parametrize(("name", "options", "value"), VALUES)
def test_the_loss_at_the_truth_and_its_zero_gradient(
    name: str, options: dict[str, Any], value: float, gaussian_energy: Make
) -> None:
    found, slopes = loss_and_slopes(name, options, gaussian_energy([0.0], [1.0]))
    # The exponential loss sees the tails, where quantiles end.
    assert found == pytest.approx(value, abs=3e-3 if name == "ence" else 1e-3)
    assert float(slopes.abs().max()) < (0.02 if name == "ence" else 2e-3)


@pytest.mark.parametrize(("name", "options", "_"), VALUES)
@pytest.mark.parametrize("precision", [0.7, 1.4])
def test_the_gradient_points_to_the_truth_from_both_sides(
    name: str, options: dict[str, Any], _: float, precision: float, gaussian_energy: Make
) -> None:
    energy = gaussian_energy([0.3], [precision])
    log_z = LOG_Z - 0.5 * math.log(precision)
    slopes = loss_and_slopes(name, options, energy, log_z)[1]
    assert float(slopes[0]) > 0.01
    assert float(slopes[1]) * (precision - 1) > 1e-3


def test_noisier_contrast_of_magnitude_one_is_plain(gaussian_energy: Make) -> None:
    """Twice, since the loss of noise-contrastive estimation is divided by ``1 + ν``."""
    energy, batch = gaussian_energy([0.2], [0.8]), quantiles(500, 1.0)
    plain = NoiseContrastiveEstimation().loss(energy, batch, state_at(0.4), torch.Generator())
    made: Objective = build(OBJECTIVES.get("n2ce"), {"magnitude": 1.0}, "test")
    found = made.loss(energy, batch, state_at(0.4), torch.Generator()).loss
    torch.testing.assert_close(found, 2 * plain.loss)


def test_noisier_contrast_tends_to_the_self_normalised_likelihood() -> None:
    """The error falls as ``1/M``, also where rounding would eat ``log M`` twice over."""
    g = torch.linspace(-3, 2, 50, dtype=torch.float64)
    limit = -g.mean() + g.exp().mean()

    def loss(g: Tensor, magnitude: float) -> Tensor:
        positive, negative = noisier_terms(g, g, magnitude)
        return positive.mean() + negative.mean()

    errors = [float((loss(g, 10.0**k) - limit).abs() / limit.abs()) for k in range(2, 6)]
    for wide, narrow in pairwise(errors):
        assert wide / narrow == pytest.approx(10, rel=0.05)
    single = loss(g.float(), 1e8)
    assert float(single) == pytest.approx(float(limit), rel=1e-6)


@pytest.mark.parametrize("shift", [-1.0, 0.5, 2.0])
def test_the_self_normalised_bound_is_above_the_likelihood_by_its_formula(
    shift: float, gaussian_energy: Make
) -> None:
    found, _ = loss_and_slopes("snl", {}, gaussian_energy([0.0], [1.0]), LOG_Z + shift)
    assert found - ENTROPY == pytest.approx(math.exp(-shift) + shift - 1, abs=1e-3)


def test_importance_sampling_knows_log_z(gaussian_energy: Make) -> None:
    objective: Objective = build(OBJECTIVES.get("is-mle"), {"nu": 1}, "test")
    energy, state = gaussian_energy([0.0], [0.8]), FittedNoise(QuantileNoise())
    step = objective.loss(energy, quantiles(N, 1.0), state, torch.Generator())
    assert float(step.info["log_z"]) == pytest.approx(LOG_Z - 0.5 * math.log(0.8), abs=1e-3)


@pytest.mark.parametrize("epsilon", [0.3, 2.0])
@pytest.mark.parametrize("precision", [0.5, 1.0, 2.0])
def test_the_quadratic_score_is_its_double_integral(
    epsilon: float, precision: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    found = [
        BrierConditionalNoiseContrast(epsilon=epsilon, copies=4)
        .loss(gaussian_energy([0.0], [precision]), quantiles(N, 1.0), State(), generator)
        .loss.detach()
        for _ in range(10)
    ]
    error = abs(float(torch.stack(found).mean()) - brier_integral(epsilon, precision))
    assert error < 4 * float(torch.stack(found).std()) / math.sqrt(10) + 1e-3


def brier_integral(epsilon: float, precision: float) -> float:
    nodes, weights = hermegauss(120)
    weights = weights / weights.sum()
    x, y = nodes[:, None], nodes[:, None] + epsilon * nodes[None]
    loss = (np.tanh(0.25 * precision * (y**2 - x**2)) - 1) ** 2
    return float(weights @ loss @ weights)


@pytest.mark.parametrize("epsilon", [0.3, 1.0, 2.0])
def test_the_quadratic_score_is_least_at_the_truth(epsilon: float) -> None:
    at = {precision: brier_integral(epsilon, precision) for precision in (0.9, 0.99, 1.01, 1.1)}
    truth = brier_integral(epsilon, 1.0)
    assert min(at.values()) > truth
    assert at[0.99] - truth == pytest.approx(at[1.01] - truth, rel=0.1)


def test_no_pair_counts_for_more_than_four(gaussian_energy: Make) -> None:
    far = torch.full((100, 1), 40.0, dtype=torch.float64)
    objective = BrierConditionalNoiseContrast(epsilon=5.0)
    loss = objective.loss(gaussian_energy([0.0], [9.0]), far, State(), torch.Generator()).loss
    assert 0 < float(loss.detach()) <= 4
