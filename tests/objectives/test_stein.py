"""Stein discrepancies and the control variate, against quadrature and closed forms."""

import math
from collections.abc import Callable

import pytest
import torch
from numpy.polynomial.hermite_e import hermegauss
from torch import Tensor

from ebmbench.calculus.stein import stein_kernel
from ebmbench.energies.base import Energy
from ebmbench.objectives import State
from ebmbench.objectives.dsm import DenoisingScoreMatching
from ebmbench.objectives.dsm_cv import DenoisingScoreMatchingCV
from ebmbench.objectives.ksd import Bandwidth, KernelSteinDiscrepancy
from ebmbench.objectives.lsd import LearnedSteinDiscrepancy
from ebmbench.objectives.sm import ScoreMatching

Make = Callable[..., Energy]


def normal(n: int, generator: torch.Generator) -> Tensor:
    return torch.empty(n, 1, dtype=torch.float64).normal_(generator=generator)


def test_the_stein_kernel_is_its_definition_by_autograd(generator: torch.Generator) -> None:
    x = torch.empty(5, 3, dtype=torch.float64).normal_(generator=generator)
    s = torch.empty(5, 3, dtype=torch.float64).normal_(generator=generator)
    scale = torch.tensor(1.7, dtype=torch.float64)

    def k(a: Tensor, b: Tensor) -> Tensor:
        return (1 + ((a - b) ** 2).sum() / scale).rsqrt()

    found = stein_kernel(x, s, scale)
    for i in range(5):
        for j in range(5):
            a, b = x[i].clone().requires_grad_(), x[j].clone().requires_grad_()
            of_x, of_y = torch.autograd.grad(k(a, b), (a, b), create_graph=True)
            both = torch.stack(
                [torch.autograd.grad(each, b, retain_graph=True)[0] for each in of_x]
            )
            expected = s[i] @ s[j] * k(x[i], x[j]) + s[i] @ of_y + s[j] @ of_x + both.trace()
            torch.testing.assert_close(found[i, j], expected)


@pytest.mark.parametrize("precision", [0.5, 1.0, 1.6])
def test_kernel_discrepancy_of_gaussians_is_its_double_integral(
    precision: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Data N(0, 1): ``E u = (1 - λ)² E[x y k(x, y)]``, zero at the truth alone."""
    scale = 1.3
    nodes, weights = (torch.from_numpy(a) for a in hermegauss(60))
    weights = weights / weights.sum()
    kernel = (1 + (nodes[:, None] - nodes) ** 2 / scale).rsqrt()
    exact = (1 - precision) ** 2 * float((weights * nodes) @ kernel @ (weights * nodes))
    energy = gaussian_energy([0.0], [precision])
    state = Bandwidth(torch.tensor(scale, dtype=torch.float64))
    objective = KernelSteinDiscrepancy()
    draws = torch.stack(
        [
            objective.loss(energy, block, state, generator).loss.detach()
            for block in normal(40_000, generator).split(200)
        ]
    )
    assert abs(float(draws.mean()) - exact) < 4 * float(draws.std()) / math.sqrt(len(draws))
    assert (exact == 0.0) == (precision == 1.0)


def test_the_bandwidth_is_the_median_distance(
    gaussian_energy: Make, rows: Tensor, generator: torch.Generator
) -> None:
    state = KernelSteinDiscrepancy(bandwidth=2.0).init(
        gaussian_energy([0.0, 0.0], [1.0, 1.0]), rows, generator
    )
    distances = torch.cdist(rows, rows)[torch.triu_indices(400, 400, 1).unbind()]
    assert float(state.squared) == pytest.approx(4 * float(distances.median()) ** 2)


def test_a_trained_critic_finds_the_fisher_divergence(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """For N(0, 1) data and precision λ the best value is ``D_F / 2λ' = (1 - λ)² / 4λ'``."""
    energy, penalty = gaussian_energy([0.0], [0.4]), 2.0
    objective = LearnedSteinDiscrepancy(
        penalty=penalty, critic_steps=1, critic_rate=4e-3, width=32
    )
    state = objective.init(energy, normal(10, generator), generator)
    found, slopes = [], []
    for k in range(400):
        step = objective.loss(energy, normal(1000, generator), state, generator)
        state = step.state
        if k >= 250:
            found.append(step.info["stein_discrepancy"])
            (slope,) = torch.autograd.grad(step.loss, dict(energy.named_parameters())["precision"])
            slopes.append(slope)
    assert float(torch.stack(found).mean()) == pytest.approx(0.36 / (4 * penalty), rel=0.1)
    # And the energy's gradient is that of score matching, over 2λ'.
    rows = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    loss = ScoreMatching().loss(energy, rows, State(), generator).loss
    (exact,) = torch.autograd.grad(loss, dict(energy.named_parameters())["precision"])
    slope = torch.stack(slopes).mean()
    torch.testing.assert_close(slope, exact.squeeze() / (2 * penalty), rtol=0.1, atol=0)


@pytest.mark.parametrize("sigma", [0.5, 0.1, 0.02])
def test_the_control_variate_bounds_the_variance_and_keeps_the_mean(
    sigma: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    """N(0, 1) data and precision λ = 1.7: of one row the gradient in λ is ``λ x̃² - z²``.

    Its mean is ``λ (1 + σ²) - 1`` and its variance ``2λ² (1 + σ²)² + 2 - 4λσ²``; without the
    control variate ``λ x̃² - x̃ z / σ`` has the same mean and a variance that grows as ``1/σ²``.
    """
    precision, each, blocks = 1.7, 50, 800
    energy = gaussian_energy([0.0], [precision])
    x = normal(each * blocks, generator)

    def slopes(objective: DenoisingScoreMatchingCV | DenoisingScoreMatching) -> Tensor:
        state = objective.init(energy, x, generator)
        found = [
            torch.autograd.grad(
                objective.loss(energy, block, state, generator).loss,
                dict(energy.named_parameters())["precision"],
            )[0]
            for block in x.split(each)
        ]
        return torch.cat(found)

    reduced = slopes(DenoisingScoreMatchingCV(sigma=sigma))
    plain = slopes(DenoisingScoreMatching(sigma=sigma)) / sigma**2
    mean = precision * (1 + sigma**2) - 1
    variance = 2 * precision**2 * (1 + sigma**2) ** 2 + 2 - 4 * precision * sigma**2
    assert float(reduced.var()) * each == pytest.approx(variance, rel=0.2)
    for found in (reduced, plain):
        assert abs(float(found.mean()) - mean) < 4 * float(found.std()) / math.sqrt(blocks)
    assert (float(plain.var()) > float(reduced.var())) == (sigma < 0.3)
    if sigma == 0.02:
        # Standard deviations of 49.9 and 2.79 per row.
        assert float(plain.std()) > 15 * float(reduced.std())
