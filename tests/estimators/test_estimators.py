"""The normalised references against what they should find."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from torch import Tensor

from ebmbench import catalog
from ebmbench.datasets.base import Dataset
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.estimators.fastica import FastICAEstimator
from ebmbench.estimators.gaussian import GaussianEstimator
from ebmbench.estimators.gmm import GaussianMixtureEstimator
from ebmbench.estimators.kde import KernelDensityEstimator
from ebmbench.harness.build import load_data
from ebmbench.partition.quadrature import quadrature
from ebmbench.registry import ESTIMATORS


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def rows(generator: torch.Generator) -> Dataset:
    """Two far clusters."""
    centres = torch.tensor([[-3.0, 0.0], [3.0, 1.0]])

    def draw(n: int) -> Tensor:
        which = torch.randint(2, (n,), generator=generator)
        return centres[which] + 0.5 * torch.randn(n, 2, generator=generator)

    return Dataset(draw(800), draw(200), draw(200))


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "fastica"])
def test_every_reference_is_normalised(
    name: str, rows: Dataset, generator: torch.Generator
) -> None:
    energy = ESTIMATORS.get(name)().fit(rows, generator).double()
    assert energy.log_z() is not None
    assert quadrature(energy).log_z == pytest.approx(0.0, abs=1e-4)


def test_the_gaussian_is_the_maximum_of_the_likelihood(
    rows: Dataset, generator: torch.Generator
) -> None:
    energy = GaussianEstimator(ridge=0.0).fit(rows, generator)
    x = rows.train.double()
    covariance = torch.cov(x.T, correction=0)
    expected = -0.5 * (2 * math.log(2 * math.pi) + torch.logdet(covariance) + 2)
    assert float(-energy(rows.train).double().mean()) == pytest.approx(float(expected), abs=1e-4)


def test_the_mixture_is_that_of_scikit_learn(rows: Dataset, generator: torch.Generator) -> None:
    energy = GaussianMixtureEstimator(components=[1, 2, 4]).fit(rows, generator)
    assert isinstance(energy, GaussianMixtureEnergy)
    assert len(energy.weights) == 2
    model = GaussianMixture(2, reg_covar=1e-4, random_state=0).fit(rows.train.numpy())
    found = float(-energy(rows.test).mean())
    assert found == pytest.approx(model.score(rows.test.numpy()), abs=1e-3)


def test_the_mixture_says_when_there_are_too_few_rows(generator: torch.Generator) -> None:
    few = Dataset(*[torch.randn(5, 2, generator=generator) for _ in range(3)])
    with pytest.raises(EbmbenchError, match="needs ten training rows each, found 5 rows"):
        GaussianMixtureEstimator(components=[4]).fit(few, generator)


def test_the_kernels_are_those_of_scikit_learn(rows: Dataset, generator: torch.Generator) -> None:
    energy = KernelDensityEstimator().fit(rows, generator)
    assert isinstance(energy, GaussianMixtureEnergy)
    bandwidth = float(1 / energy.factors[0])
    theirs = KernelDensity(bandwidth=bandwidth).fit(rows.train.numpy())
    expected = theirs.score_samples(rows.test.numpy()).mean()
    assert float(-energy(rows.test).mean()) == pytest.approx(expected, abs=1e-4)
    worse = KernelDensity(bandwidth=3 * bandwidth).fit(rows.train.numpy())
    assert worse.score(rows.validation.numpy()) < theirs.score(rows.validation.numpy())


@pytest.mark.parametrize("name", ["ica/5", "ica/laplace-4"])
def test_fastica_finds_the_optimum(name: str, generator: torch.Generator) -> None:
    rows = load_data(catalog.tasks()[name], 0, None)
    energy = FastICAEstimator().fit(rows, generator)
    assert isinstance(energy, ICAEnergy)
    assert rows.truth is not None
    optimum = float(rows.truth.log_prob(rows.test.double()).mean())
    log_z = energy.log_z()
    found = float((-energy(rows.test).mean() - log_z).detach())
    assert found == pytest.approx(optimum, abs=0.03)


def test_fastica_is_for_ica_alone(rows: Dataset, generator: torch.Generator) -> None:
    with pytest.raises(EbmbenchError):
        FastICAEstimator().fit(rows, generator)
