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
from ebmbench.estimators.gmm import WIDE, GaussianMixtureEstimator, Parts
from ebmbench.estimators.kde import KernelDensityEstimator, _kernels
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


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name not in ("fastica", "flow")])
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
    energy = GaussianMixtureEstimator(components=[1, 2, 4], shrinkages=[0.0]).fit(rows, generator)
    assert isinstance(energy, GaussianMixtureEnergy)
    assert len(energy.weights) == 2
    model = GaussianMixture(2, reg_covar=1e-4, random_state=0).fit(rows.train.numpy())
    found = float(-energy(rows.test).mean())
    assert found == pytest.approx(model.score(rows.test.numpy()), abs=1e-3)


def test_shrunk_covariances_are_between_their_own_and_the_pooled_ones() -> None:
    own = torch.stack([torch.eye(2), 3 * torch.eye(2)]).double()
    parts = Parts(torch.tensor([0.25, 0.75]).double(), torch.zeros(2, 2).double(), own)
    for share, variances in ((0.0, [1.0, 3.0]), (0.5, [1.75, 2.75]), (1.0, [2.5, 2.5])):
        found = parts.shrunk(share).factors.diagonal(dim1=1, dim2=2)[:, 0]
        torch.testing.assert_close(found**-2, torch.tensor(variances))


def test_shrinkage_serves_where_rows_are_few(generator: torch.Generator) -> None:
    def draw(n: int) -> Tensor:
        which = torch.randint(2, (n, 1), generator=generator)
        return 6 * which + torch.randn(n, 20, generator=generator)

    rows = Dataset(draw(60), draw(500), draw(500))
    plain, shrunk = (
        GaussianMixtureEstimator(components=[2], shrinkages=shares).fit(rows, generator)
        for shares in ([0.0], [0.0, 0.3, 1.0])
    )
    assert shrunk(rows.test).mean() < plain(rows.test).mean() - 1


def test_the_mixture_of_many_dimensions_beats_the_gaussian(generator: torch.Generator) -> None:
    """Of unit clusters ``δ`` apart a Gaussian loses ``½ log(1 + δ²/4) - log 2``, here 1.1 nats."""

    def draw(n: int) -> Tensor:
        which = torch.randint(2, (n, 1), generator=generator)
        return which + torch.randn(n, WIDE, generator=generator)

    rows = Dataset(draw(3000), draw(300), draw(2000))
    mixture = GaussianMixtureEstimator(components=[1, 2]).fit(rows, generator)
    plain = GaussianEstimator().fit(rows, generator)
    assert isinstance(mixture, GaussianMixtureEnergy)
    assert len(mixture.weights) == 2
    assert float(plain(rows.test).mean() - mixture(rows.test).mean()) == pytest.approx(
        1.1, abs=0.3
    )


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


def test_the_kernels_of_a_whole_table_are_those_of_scikit_learn() -> None:
    g = torch.Generator().manual_seed(1)
    table = torch.randn(7750, 9, generator=g, dtype=torch.float64)
    assert len(table) < KernelDensityEstimator().centres
    ours = -_kernels(table, 0.4)(table[:200]).mean()
    theirs = KernelDensity(bandwidth=0.4).fit(table.numpy()).score_samples(table[:200].numpy())
    assert float(ours) == pytest.approx(theirs.mean(), abs=1e-6)


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
