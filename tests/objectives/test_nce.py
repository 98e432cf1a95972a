"""Noise-contrastive estimation: the noise, the optimum, the learned ``log Z``, the limit."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.against_noise import NoiseAndNormaliser
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.objectives.noise import GaussianMixtureNoise

Make = Callable[..., Energy]


def scipy_log_prob(noise: GaussianMixtureNoise, x: Tensor) -> np.ndarray:
    parts = [
        math.log(float(w)) + multivariate_normal(m.numpy(), (f @ f.T).numpy()).logpdf(x.numpy())
        for w, m, f in zip(noise.weights, noise.means, noise.factors, strict=True)
    ]
    return np.logaddexp.reduce(parts, 0)


def two_clusters(generator: torch.Generator) -> Tensor:
    z = torch.empty(600, 2, dtype=torch.float64).normal_(generator=generator)
    z[:200] = 0.3 * z[:200] + 4
    return z


@pytest.mark.parametrize("components", [1, 2])
@pytest.mark.parametrize("inflation", [1.0, 1.5])
def test_the_density_of_the_noise_and_its_samples(
    components: int, inflation: float, generator: torch.Generator
) -> None:
    rows = two_clusters(generator)
    noise = GaussianMixtureNoise.fit(rows, components, inflation, generator)
    np.testing.assert_allclose(noise.log_prob(rows).numpy(), scipy_log_prob(noise, rows))
    x = noise.sample(20_000, generator)
    covariance = torch.einsum("kij,klj->kil", noise.factors, noise.factors)
    mean = noise.weights @ noise.means
    centred = noise.means - mean
    between = centred.T @ (noise.weights[:, None] * centred)
    within = torch.einsum("k,kij->ij", noise.weights, covariance)
    assert float(((x.mean(0) - mean) / (x.std(0) / math.sqrt(20_000))).abs().max()) < 4
    torch.testing.assert_close(torch.cov(x.T), between + within, rtol=0.05, atol=0.05)


def test_the_noise_has_the_moments_of_the_data(generator: torch.Generator) -> None:
    rows = two_clusters(generator)
    one = GaussianMixtureNoise.fit(rows, 1, 1.0, generator)
    torch.testing.assert_close(one.means[0], rows.mean(0))
    torch.testing.assert_close(
        one.factors[0] @ one.factors[0].T, torch.cov(rows.T), rtol=1e-5, atol=0
    )
    two = GaussianMixtureNoise.fit(rows, 2, 1.0, generator)
    torch.testing.assert_close(
        two.weights.sort().values, torch.tensor([1 / 3, 2 / 3]).double(), atol=0.01, rtol=0
    )
    torch.testing.assert_close(
        two.means.sort(0).values[1], torch.tensor([4.0, 4.0]).double(), atol=0.1, rtol=0
    )


def test_a_constant_column_does_no_harm(generator: torch.Generator) -> None:
    rows = two_clusters(generator)
    rows[:, 1] = 3.0
    noise = GaussianMixtureNoise.fit(rows, 1, 1.0, generator)
    assert bool(torch.isfinite(noise.log_prob(rows)).all())


@pytest.mark.parametrize("nu", [1, 5])
def test_the_loss_at_the_truth_and_its_zero_gradient(
    nu: int, gaussian_energy: Make, generator: torch.Generator
) -> None:
    """N(0, 1) data, N(0, 4) noise: the loss is an integral, and the truth its stationary point."""
    n = 60_000
    x = torch.empty(n, 1, dtype=torch.float64).normal_(generator=generator)
    energy = gaussian_energy([0.0], [1.0])
    log_z = torch.tensor(0.5 * math.log(2 * math.pi), dtype=torch.float64, requires_grad=True)
    two = torch.full((1, 1, 1), 2.0, dtype=torch.float64)
    noise = GaussianMixtureNoise(two[0, 0] / 2, 0 * two[0], two, 1 / two)
    state = NoiseAndNormaliser(noise, log_z)
    objective = NoiseContrastiveEstimation(nu=nu)
    draws, losses = [], []
    for block in x.split(600):
        loss = objective.loss(energy, block, state, generator).loss
        losses.append(loss.detach())
        draws.append(
            torch.cat(
                [g.flatten() for g in torch.autograd.grad(loss, [*energy.parameters(), log_z])]
            )
        )
    grid = torch.linspace(-14, 14, 4001, dtype=torch.float64)
    p = torch.exp(-0.5 * grid**2) / math.sqrt(2 * math.pi)
    q = nu * torch.exp(-(grid**2) / 8) / math.sqrt(8 * math.pi)
    integrand = p * torch.log1p(q / p.clamp_min(1e-300)) + q * torch.log1p(p / q)
    exact = float(integrand.sum() * (grid[1] - grid[0])) / (1 + nu)
    values = torch.stack(losses)
    assert abs(float(values.mean()) - exact) < 4 * float(values.std()) / 10
    gradient = torch.stack(draws)
    assert float((gradient.mean(0) / (gradient.std(0) / 10)).abs().max()) < 4


def test_the_gradient_tends_to_that_of_likelihood(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """``(1 + ν) ∇ℓ → E_data ∇E - E_model ∇E`` as ``ν → ∞``, the error falling as ``1/ν``.

    With ``c = log Z`` and N(0, 4) noise. In the precision λ: ``½ (E_data x² - 1/λ)``.
    """
    precision = 0.7
    energy = gaussian_energy([0.0], [precision])
    x = torch.empty(400, 1, dtype=torch.float64).normal_(generator=generator)
    log_z = torch.tensor(0.5 * math.log(2 * math.pi / precision), dtype=torch.float64)
    two = torch.full((1, 1, 1), 2.0, dtype=torch.float64)
    noise = GaussianMixtureNoise(two[0, 0] / 2, 0 * two[0], two, 1 / two)
    state = NoiseAndNormaliser(noise, log_z.requires_grad_())
    exact = 0.5 * (float(x.square().mean()) - 1 / precision)

    def error(nu: int) -> float:
        objective = NoiseContrastiveEstimation(nu=nu)
        draws = []
        for _ in range(max(4, 4000 // nu)):
            loss = objective.loss(energy, x, state, generator).loss
            draws.append((1 + nu) * torch.autograd.grad(loss, list(energy.parameters()))[1])
        return abs(float(torch.stack(draws).mean()) - exact)

    errors = [error(nu) for nu in (1, 10, 1000)]
    assert errors[0] > 3 * errors[1] > 3 * errors[2]
    assert errors[2] < 0.01


def test_a_constant_of_the_energy_and_log_z_trade_exactly(
    gaussian_energy: Make, rows: Tensor
) -> None:
    energy = gaussian_energy([0.1, 0.2], [1.0, 2.0])
    objective = NoiseContrastiveEstimation()
    state = objective.init(energy, rows, torch.Generator().manual_seed(1))
    losses = []
    for shift in (0.0, 0.0, 1.5):
        moved = replace(state, log_z=(state.log_z + shift).detach().requires_grad_())
        generator = torch.Generator().manual_seed(2)
        losses.append(float(objective.loss(energy, rows, moved, generator).loss.detach()))
    assert losses[0] == losses[1]
    assert losses[2] != losses[0]


def test_log_z_starts_at_the_truth_when_the_model_is_the_noise(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    precision = [1.0, 4.0]
    z = torch.empty(50_000, 2, dtype=torch.float64).normal_(generator=generator)
    energy = gaussian_energy([0.0, 0.0], precision)
    state = NoiseContrastiveEstimation().init(energy, z / torch.tensor([1.0, 2.0]), generator)
    exact = 0.5 * math.log((2 * math.pi) ** 2 / 4)
    assert float(state.learned["log_z"].detach()) == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("level", [1e4, -1e4])
def test_hopeless_classifiers_have_finite_losses_and_gradients(
    level: float, gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.0, 0.0], [1.0, 1.0])
    objective = NoiseContrastiveEstimation()
    state = objective.init(energy, rows, generator)
    log_z = torch.tensor(level, dtype=torch.float64, requires_grad=True)
    step = objective.loss(energy, rows, NoiseAndNormaliser(state.noise, log_z), generator)
    assert bool(torch.isfinite(step.loss))
    (gradient,) = torch.autograd.grad(step.loss, log_z)
    assert float(gradient) == pytest.approx(math.copysign(0.5, level))
