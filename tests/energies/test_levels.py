"""Energies of many noise levels: one energy a level, which start as Gaussians of known ``Z``."""

from __future__ import annotations

import math

import pytest
import torch

from ebmbench import calculus
from ebmbench.calculus import reference
from ebmbench.contracts.quadratic import QuadraticLevels
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.mlp_levels import MLPLevels
from ebmbench.errors import EbmbenchError
from ebmbench.partition.quadrature import quadrature

LEVELS = [1.0, 0.3, 0.1]


def network(*, dim: int = 2, perturbed: bool = True) -> MLPLevels:
    generator = torch.Generator().manual_seed(0)
    std = torch.arange(1.0, dim + 1)
    energy = MLPLevels(torch.ones(dim), std, LEVELS, hidden=[8, 8], generator=generator).double()
    if perturbed:
        with torch.no_grad():
            for each in energy.parameters():
                each.add_(0.3 * torch.randn(each.shape, generator=generator, dtype=each.dtype))
    return energy


def points(n: int, dim: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 2 * torch.randn(n, dim, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("sigma", LEVELS)
def test_closed_form_of_a_level_agrees_with_autograd(sigma: float) -> None:
    energy = network(dim=3)
    level, x = energy.at(sigma), points(9, 3)
    expected = reference.value_and_score(level, x, create_graph=False)[1]
    torch.testing.assert_close(calculus.score(level, x), expected)
    parameters = [p for name, p in energy.named_parameters() if name != "last.bias"]
    found, wanted = (
        torch.autograd.grad(s.square().sum(), parameters)
        for s in (
            calculus.score(level, x, create_graph=True),
            reference.value_and_score(level, x, create_graph=True)[1],
        )
    )
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b)


def test_a_level_for_each_point_is_that_level() -> None:
    energy, x = network(), points(6)
    sigmas = torch.tensor([1.0, 0.3, 0.1, 1.0, 0.3, 0.1])
    together = energy.at(sigmas)(x)
    for k, sigma in enumerate(sigmas.tolist()):
        torch.testing.assert_close(together[k], energy.at(sigma)(x[k : k + 1])[0])
    scores = calculus.score(energy.at(sigmas), x)
    torch.testing.assert_close(scores[4], calculus.score(energy.at(0.3), x[4:5])[0])


def test_by_itself_it_is_the_energy_of_its_lowest_level() -> None:
    energy, x = network(), points(5)
    torch.testing.assert_close(energy(x), energy.at(0.1)(x))
    assert calculus.path(energy) == "closed form"
    torch.testing.assert_close(calculus.score(energy, x), calculus.score(energy.at(0.1), x))


@pytest.mark.parametrize("sigma", LEVELS)
def test_every_level_starts_as_the_gaussian_convolved_with_its_noise(sigma: float) -> None:
    level = network(perturbed=False).at(sigma)
    variance = torch.tensor([1.0, 4.0]) + sigma**2
    torch.testing.assert_close(level.reference.std, variance.sqrt().double())
    torch.testing.assert_close(level.reference.mean, torch.ones(2).double())
    expected = math.log(2 * math.pi) + 0.5 * float(variance.log().sum())
    assert quadrature(level).log_z == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("make", [network, lambda: QuadraticLevels(1.5).double()])
def test_a_level_shares_the_parameters(make: object) -> None:
    energy = make()  # type: ignore[operator]
    assert isinstance(energy, ConditionalEnergy)
    loss = energy.at(0.3)(points(4)).sum()
    gradients = torch.autograd.grad(loss, list(energy.parameters()), allow_unused=True)
    assert any(gradient is not None and bool(gradient.abs().max() > 0) for gradient in gradients)


@pytest.mark.parametrize("levels", [[], [0.1, 0.3], [1.0, 0.0], [1.0, 1.0]])
def test_levels_fall_and_are_positive(levels: list[float]) -> None:
    with pytest.raises(EbmbenchError, match="allowed: positive and falling"):
        MLPLevels(torch.zeros(2), torch.ones(2), levels, hidden=[4])


def test_points_of_several_levels_have_no_reference_in_common() -> None:
    with pytest.raises(EbmbenchError, match="no reference in common"):
        _ = QuadraticLevels(1.0).at(torch.tensor([1.0, 0.3])).reference
