"""RAISE: from below, and exact in the limit of many temperatures."""

import pytest
import torch

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian
from ebmbench.partition.reverse import raise_log_likelihood
from ebmbench.samplers.pilot import pilot


@pytest.fixture
def model() -> GaussianMixtureEnergy:
    means = torch.tensor([[-1.0, 0.0, 0.5], [1.2, 0.5, 0.0]], dtype=torch.float64)
    weights = torch.tensor([0.7, 0.3], dtype=torch.float64)
    return GaussianMixtureEnergy(weights, means, torch.full((2,), 0.3, dtype=torch.float64))


def test_it_rises_to_the_exact_likelihood(model: GaussianMixtureEnergy) -> None:
    generator = torch.Generator().manual_seed(0)
    initial = InitialGaussian.of_reference(model)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, generator)
    rows = model.sample(400, generator)
    exact = float(-model(rows).mean())
    means = []
    for temperatures in (3, 30, 300):
        found = raise_log_likelihood(
            model, initial, path, temperatures, rows=rows, chains=1, generator=generator
        )
        assert found.shape == (400,)
        means.append(float(found.mean()))
    assert means[0] < means[1] - 0.02
    assert means[1] < exact + 0.01
    assert means[2] == pytest.approx(exact, abs=0.02)


def test_more_chains_tighten_the_bound(model: GaussianMixtureEnergy) -> None:
    generator = torch.Generator().manual_seed(1)
    initial = InitialGaussian.of_reference(model)
    bridge = initial.bridge_to(model)
    path = pilot(bridge, generator)
    rows = model.sample(300, generator)
    one, many = (
        float(
            raise_log_likelihood(
                model, initial, path, 6, rows=rows, chains=chains, generator=generator
            ).mean()
        )
        for chains in (1, 30)
    )
    assert one < many < float(-model(rows).mean()) + 0.02
