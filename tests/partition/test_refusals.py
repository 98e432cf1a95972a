"""Cases in which annealing is wrong must be refused, in words and numbers."""

import pytest
import torch

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian, ais, importance_sampling, mbar, smc
from ebmbench.partition.minima import find_minima


def mixture(means: list[list[float]], std: float, weights: list[float]) -> GaussianMixtureEnergy:
    return GaussianMixtureEnergy(
        torch.tensor(weights, dtype=torch.float64),
        torch.tensor(means, dtype=torch.float64),
        torch.full((len(means),), std**2, dtype=torch.float64),
    )


def standard_normal(d: int) -> InitialGaussian:
    return InitialGaussian(torch.zeros(d).double(), torch.eye(d).double())


@pytest.mark.parametrize(("distance", "weight"), [(8.0, 0.3), (15.0, 0.8)])
@pytest.mark.parametrize(
    "estimate", [ais, smc, importance_sampling, mbar], ids=lambda f: f.__name__
)
def test_a_mode_that_the_reference_misses(estimate, distance: float, weight: float) -> None:
    d = 8
    model = mixture([[0.0] * d, [distance] + [0.0] * (d - 1)], 0.7, [1 - weight, weight])
    found = estimate(model, torch.Generator().manual_seed(0), initial=standard_normal(d))
    assert not found.certified
    assert "of the mass and is not visited" in found.note
    # the mode does hold that share of the mass; its typical set is what is weighed
    assert found.diagnostics["missed_mass"] == pytest.approx(weight, rel=0.7)


def test_a_light_mode_is_no_reason_to_refuse() -> None:
    d = 4
    model = mixture([[0.0] * d, [9.0] + [0.0] * (d - 1)], 0.8, [0.999, 0.001])
    found = ais(model, torch.Generator().manual_seed(0), initial=standard_normal(d))
    assert found.certified, found.note
    assert found.log_z == pytest.approx(0.0, abs=0.1)


def test_both_modes_of_a_mixture_are_visited_and_certified() -> None:
    model = mixture([[-1.0] * 4, [1.0] * 4], 0.6, [0.7, 0.3])
    found = ais(model, torch.Generator().manual_seed(0), tolerance=0.2, initial=standard_normal(4))
    assert found.certified, found.note
    assert found.log_z == pytest.approx(0.0, abs=0.2)
    assert found.diagnostics["minima"] >= 2


def test_too_few_temperatures() -> None:
    model = mixture([[0.0] * 60], 0.15, [1.0])
    found = ais(model, torch.Generator().manual_seed(0), effort=0, initial=standard_normal(60))
    assert not found.certified
    assert "K and K/2 temperatures differ by" in found.note


def test_values_that_are_not_finite() -> None:
    model = mixture([[0.0] * 4], 1.0, [1.0])
    model.constants.fill_(torch.nan)
    found = ais(model, torch.Generator().manual_seed(0), effort=0, initial=standard_normal(4))
    assert not found.certified
    assert "not finite" in found.note


def test_descent_finds_every_mode_once() -> None:
    means = [[0.0, 0.0], [7.0, 0.0], [-4.0, 5.0]]
    model = mixture(means, 0.5, [0.2, 0.5, 0.3])
    found = find_minima(model, standard_normal(2), torch.Generator().manual_seed(0), 64, steps=200)
    distances = torch.cdist(torch.tensor(means).double(), found)
    assert float(distances.amin(1).max()) < 0.01
    assert len(found) == 3
    assert torch.equal(distances.argmin(1), torch.tensor([2, 0, 1]))
