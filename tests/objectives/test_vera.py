"""The noisy generator and VERA, where the generator is linear and all is Gaussian."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.objectives.auxiliary import Auxiliary
from ebmbench.objectives.noisy_generator import (
    Deviations,
    NoisyGenerator,
    entropy_gradient,
    evidence_bound,
)
from ebmbench.objectives.vera import Adversary, EntropyRegularisedGenerator

Make = Callable[..., Energy]
COVARIANCE = torch.tensor([[1.0, 0.5], [0.5, 0.8]], dtype=torch.float64)
MEAN = torch.tensor([0.3, -0.2], dtype=torch.float64)


def normal(n: int, generator: torch.Generator) -> Tensor:
    return torch.empty(n, 2, dtype=torch.float64).normal_(generator=generator)


def linear_generator(covariance: Tensor, level: float) -> NoisyGenerator:
    """Of the law N(mean, covariance + σ²), with a linear layer in the place of the network."""
    layer = nn.Linear(2, 2, dtype=torch.float64)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    drawing = NoisyGenerator(layer, Gaussian.of_moments(MEAN, covariance))
    nn.init.constant_(drawing.level, level)
    return drawing


def drawn(generator: Auxiliary, n: int, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """``x``, ``h`` and ``σ``."""
    h = normal(n, random)
    mean, sigma = generator(h)
    return mean + sigma * normal(n, random), h, sigma


def proposal_of(generator: Auxiliary) -> Auxiliary:
    """The best one: see the test of the evidence bound."""
    sigma = generator(torch.zeros(0, 2).double())[1]
    best = Deviations(2, COVARIANCE)
    factor = generator.module.get_buffer("factor")
    squares = (factor * factor).sum(0) / sigma**2
    with torch.no_grad():
        best.log_deviations.copy_(-0.5 * (1 + squares).log())
    return Auxiliary.of(best)


@pytest.mark.parametrize("level", [2.0, -1.0])
def test_the_entropy_gradient_is_minus_the_score_of_the_density(
    level: float, generator: torch.Generator
) -> None:
    """:math:`-\\nabla \\log q = S (x - m)` with the precision S, so that its product with x has
    the mean I."""
    drawing = Auxiliary.of(linear_generator(COVARIANCE, level))
    x, h, sigma = drawn(drawing, 20_000, generator)
    found = entropy_gradient(
        drawing, proposal_of(drawing), x, h, draws=50, inflation=3.0, random=generator
    )
    precision = torch.linalg.inv(COVARIANCE + sigma**2 * torch.eye(2).double())
    error = found.ascent - (x - MEAN) @ precision
    for other in (torch.ones(len(x), 1).double(), x - MEAN):
        products = error[:, :, None] * other[:, None, :]
        spread = products.std(0) / math.sqrt(len(x))
        assert float((products.mean(0) / spread).abs().max()) < 4
        assert float(spread.max()) < 0.06
    assert 0.1 < float(found.effective_share) < 1


def test_wide_draws_see_the_gradient_that_those_of_the_evidence_bound_miss(
    generator: torch.Generator,
) -> None:
    """The product of ``-∇ log q`` with h is ``S F`` in the mean, and with σε it is ``σ² tr S``."""
    drawing = Auxiliary.of(linear_generator(COVARIANCE, 1.0))
    proposal, found = proposal_of(drawing), {}
    for inflation in (1.0, 3.0):
        h, noise = normal(40_000, generator), normal(40_000, generator)
        mean, sigma = drawing(h)
        x = mean + sigma * noise
        ascent = entropy_gradient(
            drawing, proposal, x, h, draws=20, inflation=inflation, random=generator
        ).ascent
        slope, spread = (ascent * h)[:, 0].mean(), sigma * (ascent * noise).sum(-1).mean()
        found[inflation] = float(slope), float(spread)
    factor = drawing.module.get_buffer("factor")
    precision = torch.linalg.inv(factor @ factor.T + sigma**2 * torch.eye(2).double())
    slope, spread = float((precision @ factor)[0, 0]), float(sigma**2 * precision.trace())
    assert found[1.0][0] < 0.7 * slope
    assert found[1.0][1] > 4 * spread
    assert found[3.0][0] > 0.94 * slope
    assert found[3.0][1] < 1.6 * spread


def test_draws_move_by_the_gradient_of_the_entropy(generator: torch.Generator) -> None:
    """Without an energy, ``½ log det`` of the covariance in all that the generator learns."""
    drawing = linear_generator(COVARIANCE, 2.0)
    auxiliary = Auxiliary.of(drawing)

    def entropy() -> Tensor:
        _, sigma = drawing(torch.zeros(1, 2).double())
        factor = drawing.factor + drawing.network.weight
        return 0.5 * torch.logdet(factor @ factor.T + sigma**2 * torch.eye(2).double())

    expected = torch.autograd.grad(entropy(), list(drawing.parameters()), allow_unused=True)
    flat = torch.cat(
        [
            (torch.zeros_like(p) if g is None else g).flatten()
            for p, g in zip(drawing.parameters(), expected, strict=True)
        ]
    )
    found = []
    for _ in range(30):
        h, noise = normal(500, generator), normal(500, generator)
        mean, sigma = auxiliary(h)
        x = mean + sigma * noise
        ascent = entropy_gradient(
            auxiliary, proposal_of(auxiliary), x, h, draws=400, inflation=3.0, random=generator
        ).ascent

        def apart(network: Callable[..., tuple[Tensor, Tensor]]) -> Tensor:
            mean, sigma = network(h)  # noqa: B023
            return -(ascent * (mean + sigma * noise)).sum(-1).mean()  # noqa: B023

        # Without momentum the first moment is the gradient.
        found.append(-auxiliary.descend(apart, 0.0, (0.0, 0.9))[0].first)
    moved = torch.stack(found)
    error = (moved.mean(0) - flat) / (moved.std(0) / math.sqrt(len(found)))
    assert float(error.abs().max()) < 4
    assert float(flat.abs().max()) > 0.5


def test_the_evidence_bound_has_its_highest_point_where_it_should(
    generator: torch.Generator,
) -> None:
    """About the true ``h`` it is there where ``η⁻² = 1 + (FᵀF)ᵢᵢ / σ²``, for a linear ``g``."""
    drawing = Auxiliary.of(linear_generator(COVARIANCE, 0.0))
    proposal = Auxiliary.of(Deviations(2, COVARIANCE))
    for k in range(150):
        x, h, _ = drawn(drawing, 500, generator)
        z = normal(500, generator)
        proposal, _ = proposal.descend(
            lambda network: -evidence_bound(drawing, network, x, h, z),  # noqa: B023
            0.05 * 0.97**k,
        )
    empty = torch.zeros(0, 2).double()
    torch.testing.assert_close(proposal(empty), proposal_of(drawing)(empty), rtol=0.02, atol=0)


def test_the_generator_descends_its_divergence_from_the_model(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """The gradient of one step of the loss, against that of KL(q ‖ p) between Gaussians."""
    energy = gaussian_energy([0.5, 0.1], [2.0, 3.0])
    location, precision = (each.detach() for each in energy.parameters())
    drawing = linear_generator(COVARIANCE, 2.0)
    _, sigma = drawing(torch.zeros(1, 2).double())
    factor = drawing.factor + drawing.network.weight
    covariance = factor @ factor.T + sigma**2 * torch.eye(2).double()
    away = MEAN + drawing.network.bias - location
    divergence = 0.5 * (
        precision @ covariance.diagonal() + precision @ away**2 - torch.logdet(covariance)
    )
    gradients = torch.autograd.grad(divergence, list(drawing.parameters()))
    expected = torch.cat([each.flatten() for each in gradients])
    auxiliary = Auxiliary.of(drawing)
    state = Adversary(auxiliary, proposal_of(auxiliary))
    objective = EntropyRegularisedGenerator(draws=400)
    found = torch.stack(
        [
            objective.loss(energy, normal(500, generator), state, generator).state.generator.first
            for _ in range(30)
        ]
    )
    error = (found.mean(0) - expected) / (found.std(0) / math.sqrt(len(found)))
    assert float(error.abs().max()) < 4
    assert float(expected.abs().max()) > 0.5


def test_with_a_generator_of_the_model_the_gradient_is_that_of_the_likelihood(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """For Gaussians ``½ (E[(x - m)²] - 1/λ)`` in λ and ``-λ E[x - m]`` in m."""
    energy = gaussian_energy(MEAN.tolist(), [0.7, 2.0])
    precision = energy.get_parameter("precision").detach()
    level = 1.0
    drawing = linear_generator(torch.eye(2).double(), level)
    _, sigma = drawing(torch.zeros(1, 2).double())
    within = torch.diag(1 / precision) - sigma.detach() ** 2 * torch.eye(2).double()
    auxiliary = Auxiliary.of(linear_generator(within, level))
    state = Adversary(auxiliary, proposal_of(auxiliary))
    objective, found, expected = EntropyRegularisedGenerator(draws=2), [], []
    for _ in range(100):
        rows = 0.8 * normal(500, generator) + 0.5
        loss = objective.loss(energy, rows, state, generator).loss
        found.append(torch.cat(torch.autograd.grad(loss, list(energy.parameters()))))
        away = rows - MEAN
        exact = (-precision * away.mean(0), 0.5 * ((away**2).mean(0) - 1 / precision))
        expected.append(torch.cat(exact))
    error = torch.stack(found) - torch.stack(expected)
    t = error.mean(0) / (error.std(0) / math.sqrt(len(found)))
    assert float(t.abs().max()) < 4
    assert float(torch.stack(expected).mean(0).abs().max()) > 0.3


def test_the_penalty_is_half_the_squared_slope_at_the_data(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    energy = gaussian_energy([0.1, -0.4], [0.7, 2.0])
    objective = EntropyRegularisedGenerator(gradient_penalty=0.4)
    state = objective.init(energy, rows, generator)
    seeds = [torch.Generator().manual_seed(3) for _ in range(2)]
    with_it = objective.loss(energy, rows, state, seeds[0]).loss
    without = replace(objective, gradient_penalty=0.0).loss(energy, rows, state, seeds[1]).loss
    location, precision = energy.parameters()
    expected = 0.2 * (precision * (rows - location)).square().sum(-1).mean()
    torch.testing.assert_close(with_it - without, expected)
    for mine, theirs in zip(
        torch.autograd.grad(with_it - without, [location, precision]),
        torch.autograd.grad(expected, [location, precision]),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)
