"""The estimates of ``Z`` are unbiased, forward and back, with and without resampling."""

import math

import pytest
import torch

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian
from ebmbench.partition.annealing import anneal, anneal_back
from ebmbench.samplers.pilot import pilot


def gaussian(d: int) -> GaussianMixtureEnergy:
    """A normalised Gaussian away from the initial one and narrower."""
    return GaussianMixtureEnergy(
        torch.ones(1).double(),
        torch.full((1, d), 1.0).double(),
        torch.full((1,), 0.3, dtype=torch.float64),
    )


def standard(d: int) -> InitialGaussian:
    return InitialGaussian(torch.zeros(d).double(), torch.eye(d).double())


@pytest.mark.parametrize("populations", [None, 50])
def test_the_mean_weight_is_z_at_any_number_of_temperatures(populations: int | None) -> None:
    g = torch.Generator().manual_seed(0)
    bridge = standard(3).bridge_to(gaussian(3))
    path = pilot(bridge, g)
    for temperatures in (3, 12):
        weights = anneal(
            bridge, path, temperatures, 2000, generator=g, populations=populations
        ).log_z.exp()
        groups = weights.reshape(50, -1).mean(1)
        noise = float(groups.std()) / 50**0.5
        assert noise < 0.1
        assert float(groups.mean()) == pytest.approx(1, abs=4 * noise)


def test_the_mean_inverse_weight_of_reverse_chains_is_one_over_z() -> None:
    g = torch.Generator().manual_seed(1)
    model, initial = gaussian(3), standard(3)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, g)
    start = bridge.evaluate(initial.to_z(model.sample(2000, g)))
    inverse = (-anneal_back(bridge, path, 16, start, generator=g).log_z).exp()
    noise = float(inverse.std()) / math.sqrt(2000)
    assert noise < 0.1
    assert float(inverse.mean()) == pytest.approx(1, abs=4 * noise)


def test_of_the_gaussian_itself_every_weight_is_its_own_z() -> None:
    g = torch.Generator().manual_seed(2)
    initial = standard(4).widened(0.7)
    model = GaussianMixtureEnergy(
        torch.ones(1).double(),
        torch.zeros(1, 4).double(),
        torch.full((1,), 0.49, dtype=torch.float64),
    )
    bridge = initial.bridge_to(model)
    found = anneal(bridge, pilot(bridge, g), 5, 20, generator=g).log_z
    torch.testing.assert_close(found, torch.zeros(20).double(), atol=1e-12, rtol=0)
