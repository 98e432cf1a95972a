import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from ebmbench import catalog
from ebmbench.datasets.base import Dataset, Sizes
from ebmbench.datasets.ica import (
    ICADensity,
    ICALoader,
    Sources,
    laplace_demixing,
    published_demixing,
)
from ebmbench.energies.ica import ICAEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import make_loader
from ebmbench.options import build

OPTIMA = {
    2: (-3.556, -2.985, -3.219),
    5: (-6.868, -7.007, -7.734),
    10: (-11.078, -11.407, -12.399),
    20: (-18.573, -18.628, -18.509),
    50: (-25.079, -26.715, -25.495),
}
"""−2d + log|det B| for the first matrix that seeds 1234, 1235, 1236 accept."""
SCIPY = {"logistic": stats.logistic(), "laplace": stats.laplace(scale=1 / math.sqrt(2))}
SOURCES: tuple[Sources, ...] = ("logistic", "laplace")
ICA_TASKS = ("2", "5", "10", "20", "50", "laplace-4", "laplace-10")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def demixing(sources: Sources, dim: int, seed: int = 0) -> Tensor:
    draw = published_demixing if sources == "logistic" else laplace_demixing
    return draw(dim, seed)


@pytest.mark.parametrize(("dim", "optima"), OPTIMA.items())
def test_optima_are_those_of_the_published_protocol(dim: int, optima: tuple[float, ...]) -> None:
    for seed, optimum in enumerate(optima):
        law = ICADensity(published_demixing(dim, seed), "logistic")
        assert law.optimum == pytest.approx(optimum, abs=5.1e-4)


def test_demixing_is_the_transpose_of_the_published_matrix() -> None:
    state = np.random.RandomState(1234)
    b = state.randn(5, 5)
    while np.linalg.cond(b) >= 5:
        b = state.randn(5, 5)
    row = np.array([[0.3, -1.0, 2.0, 0.1, -0.7]])
    # the published log-density of a row x is the sum of log logistic(x B), plus log|det B|
    expected = stats.logistic.logpdf(row @ b).sum() + np.linalg.slogdet(b)[1]
    law = ICADensity(published_demixing(5, 0), "logistic")
    assert float(law.log_prob(torch.from_numpy(row))) == pytest.approx(float(expected))


@pytest.mark.parametrize("seed", range(5))
def test_laplace_mixing_is_well_conditioned_and_differs_by_seed(seed: int) -> None:
    b = laplace_demixing(10, seed)
    assert float(torch.linalg.cond(b)) < 10
    assert not torch.equal(b, laplace_demixing(10, seed + 1))


@pytest.mark.parametrize("sources", SOURCES)
def test_log_density_agrees_with_scipy(sources: Sources) -> None:
    law = ICADensity(demixing(sources, 5), sources)
    x = 3 * torch.randn(50, 5, generator=seeded(), dtype=torch.float64)
    s = x.numpy() @ law.demixing.numpy().T
    log_det = math.log(abs(np.linalg.det(law.demixing.numpy())))
    expected = SCIPY[sources].logpdf(s).sum(1) + log_det
    np.testing.assert_allclose(law.log_prob(x).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("sources", SOURCES)
def test_density_integrates_to_one(sources: Sources) -> None:
    law = ICADensity(torch.tensor([[1.0, 0.5], [-0.4, 1.2]]), sources)
    axis = torch.arange(-1000, 1000, dtype=torch.float64) * 0.05 + 0.025
    mass = law.log_prob(torch.cartesian_prod(axis, axis)).exp().sum() * 0.05**2
    # the midpoint rule is of second order at the kink of the Laplace density
    assert float(mass) == pytest.approx(1, abs=1e-10 if sources == "logistic" else 2e-3)


@pytest.mark.parametrize("sources", SOURCES)
def test_score_is_the_gradient_of_the_log_density(sources: Sources) -> None:
    law = ICADensity(demixing(sources, 5), sources)
    x = torch.cat([law.sample(200, seeded()), 100 * law.sample(20, seeded(1))]).requires_grad_()
    (gradient,) = torch.autograd.grad(law.log_prob(x).sum(), x)
    torch.testing.assert_close(law.score(x), gradient, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("sources", SOURCES)
def test_optimum_is_minus_the_entropy_of_the_sources(sources: Sources) -> None:
    law = ICADensity(demixing(sources, 5), sources)
    expected = law.log_det - 5 * float(SCIPY[sources].entropy())
    assert law.optimum == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("sources", SOURCES)
def test_samples_have_independent_sources_of_the_right_law(sources: Sources) -> None:
    law = ICADensity(demixing(sources, 4), sources)
    x = law.sample(20_000, seeded())
    s = (x @ law.demixing.T).numpy()
    for column in s.T:
        assert stats.kstest(column, SCIPY[sources].cdf).pvalue > 1e-4
    off_diagonal = np.corrcoef(s.T)[np.triu_indices(4, 1)]
    assert np.abs(off_diagonal).max() < 4 / math.sqrt(len(s))
    log_p = law.log_prob(x)
    stderr = float(log_p.std()) / math.sqrt(len(x))
    assert float(log_p.mean()) == pytest.approx(law.optimum, abs=4 * stderr)


def test_laplace_sources_have_unit_variance() -> None:
    law = ICADensity(torch.eye(2), "laplace")
    variance = law.sample(100_000, seeded()).var(0)
    # the variance of a squared Laplace variable of unit variance is five
    assert bool(((variance - 1).abs() < 4 * math.sqrt(5 / 100_000)).all())


@pytest.mark.parametrize("sources", SOURCES)
def test_energy_with_the_true_demixing_is_the_truth(sources: Sources) -> None:
    data = load(sources)
    assert data.truth is not None
    assert data.demixing is not None
    energy = ICAEnergy(data.demixing, sources, data.train.mean(0), data.train.std(0))
    with torch.no_grad():
        found = -energy(data.test) - energy.log_z()
    torch.testing.assert_close(found, data.truth.log_prob(data.test), rtol=1e-4, atol=1e-4)


def load(sources: Sources, seed: int = 0) -> Dataset:
    return ICALoader(dim=4, sources=sources).load(Sizes(300, 200, 100), seed, None)


@pytest.mark.parametrize("sources", SOURCES)
def test_rows_and_mixing_depend_on_the_seed_alone(
    sources: Sources, check_rows: Callable[..., None]
) -> None:
    first, other = load(sources), load(sources, 1)
    check_rows(first, load(sources), other)
    assert first.demixing is not None
    assert other.demixing is not None
    assert not torch.equal(first.demixing, other.demixing)
    # rows that the loader returns are s = B x of independent sources, not its transpose
    s = first.train @ first.demixing.T
    assert stats.kstest(s.numpy().ravel(), SCIPY[sources].cdf).pvalue > 1e-4
    wrong = first.train @ first.demixing
    assert stats.kstest(wrong.numpy().ravel(), SCIPY[sources].cdf).pvalue < 1e-4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dim": 1, "sources": "logistic"}, "key 'dim' is 1"),
        ({"dim": 4, "sources": "cauchy"}, "key 'sources' is 'cauchy'"),
        ({"dim": 4, "source": "laplace"}, "unknown key 'source'; did you mean 'sources'?"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(values: dict[str, object], message: str) -> None:
    with pytest.raises(EbmbenchError, match=re.escape(message)):
        build(ICALoader, values, "[data.options]")


def test_more_laplace_sources_than_can_be_drawn_are_refused() -> None:
    loader = ICALoader(dim=17, sources="laplace")
    with pytest.raises(EbmbenchError, match="dim is 17 with laplace sources, allowed: 2 to 16"):
        loader.load(Sizes(1, 1, 1), 0, None)


@pytest.mark.parametrize("name", ICA_TASKS)
def test_card_agrees_with_its_loader_and_states_the_optima(name: str) -> None:
    card = catalog.tasks()[f"ica/{name}"]
    loader = make_loader(card)
    assert isinstance(loader, ICALoader)
    assert int(name.removeprefix("laplace-")) == loader.dim
    assert loader.sources == ("laplace" if "laplace" in name else "logistic")
    assert card.energy.options == {"sources": loader.sources}
    assert ("non-smooth" in card.tags) == (loader.sources == "laplace")
    stated = re.findall(r"−\d+\.\d{3}", card.summary)
    optima = [
        ICADensity(demixing(loader.sources, loader.dim, k), loader.sources).optimum
        for k in range(3)
    ]
    assert [float(v.replace("−", "-")) for v in stated] == pytest.approx(optima, abs=5.1e-4)


def test_every_ica_card_is_known_here() -> None:
    found = {
        card.name.removeprefix("ica/") for card in catalog.tasks().values() if card.family == "ica"
    }
    assert found == set(ICA_TASKS)
