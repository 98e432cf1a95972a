import math
import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats
from scipy.integrate import quad
from torch import Tensor

from ebmbench import catalog
from ebmbench.datasets.base import Dataset, Density, Sizes
from ebmbench.datasets.checkerboard import SoftCheckerboard
from ebmbench.datasets.curve import NoisyCurve
from ebmbench.datasets.densities import (
    DENSITY_NAMES,
    DensityLoader,
    DensityName,
    density,
    entropy,
    pinwheel,
    swiss_roll,
    two_moons,
    two_spirals,
)
from ebmbench.datasets.mixture import GaussianMixture
from ebmbench.datasets.rings import NoisyRings
from ebmbench.harness.build import make_loader

MIXTURES: tuple[DensityName, ...] = ("eight-gaussians", "twentyfive-gaussians", "uneven-mixture")
HALF, CELLS = 6.0, 240


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@cache
def midpoints() -> Tensor:
    axis = HALF * (2 * torch.arange(CELLS, dtype=torch.float64) + 1 - CELLS) / CELLS
    return torch.cartesian_prod(axis, axis)


@cache
def cell_masses(name: DensityName) -> Tensor:
    masses = density(name).log_prob(midpoints()).exp() * (2 * HALF / CELLS) ** 2
    return masses.reshape(CELLS, CELLS)


def scattered(law: Density) -> Tensor:
    near = law.sample(200, seeded())
    wide = 6 * torch.rand(200, 2, generator=seeded(1), dtype=torch.float64) - 3
    return torch.cat([near, wide])


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_density_integrates_to_one(name: DensityName) -> None:
    assert float(cell_masses(name).sum()) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_score_is_the_gradient_of_the_log_density(name: DensityName) -> None:
    law = density(name)
    x = scattered(law).requires_grad_()
    (gradient,) = torch.autograd.grad(law.log_prob(x).sum(), x)
    torch.testing.assert_close(law.score(x), gradient, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_far_away_the_score_is_finite_and_is_the_gradient(name: DensityName) -> None:
    law = density(name)
    angle = torch.linspace(0.1, 6.2, 40, dtype=torch.float64)
    x = 30 * torch.stack([angle.cos(), angle.sin()], 1).requires_grad_()
    (gradient,) = torch.autograd.grad(law.log_prob(x).sum(), x)
    score = law.score(x)
    assert bool(torch.isfinite(law.log_prob(x)).all())
    torch.testing.assert_close(score, gradient, rtol=1e-8, atol=1e-8)
    assert bool(((score * x).sum(1) < 0).all())


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_samples_have_the_entropy(name: DensityName) -> None:
    law = density(name)
    log_p = law.log_prob(law.sample(20_000, seeded()))
    stderr = float(log_p.std()) / math.sqrt(len(log_p))
    assert float(log_p.mean()) == pytest.approx(-entropy(law, HALF, CELLS + 1), abs=4 * stderr)


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_samples_fill_the_cells_in_proportion(name: DensityName) -> None:
    n, block = 20_000, 6
    x = density(name).sample(n, seeded(2)).numpy()
    edges = np.linspace(-HALF, HALF, CELLS // block + 1)
    counts, _, _ = np.histogram2d(x[:, 0], x[:, 1], bins=(edges, edges))
    coarse = cell_masses(name).reshape(CELLS // block, block, CELLS // block, block).sum((1, 3))
    expected = n * coarse.numpy()
    full = expected >= 10
    observed = np.append(counts[full], n - counts[full].sum())
    predicted = np.append(expected[full], n - expected[full].sum())
    assert full.sum() > 40
    assert stats.chisquare(observed, predicted).pvalue > 1e-4


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_float32_in_gives_float32_out_computed_in_float64(name: DensityName) -> None:
    law = density(name)
    x = scattered(law).float()
    assert torch.equal(law.log_prob(x), law.log_prob(x.double()).float())
    assert torch.equal(law.score(x), law.score(x.double()).float())
    assert law.sample(3, seeded()).dtype == torch.float64


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_coordinates_are_of_the_order_of_one_to_four(name: DensityName) -> None:
    std = density(name).sample(5000, seeded()).std(0)
    assert bool(((std > 0.8) & (std < 4)).all())


def test_entropies_of_separated_mixtures() -> None:
    for name in MIXTURES:
        law = density(name)
        assert isinstance(law, GaussianMixture)
        variance = float(law.factors[0, 0, 0]) ** 2
        gaussian = 1 + math.log(2 * math.pi * variance)
        exact = gaussian - float((law.weights * law.weights.log()).sum())
        # the components of the eight overlap at 3.8 standard deviations, which costs 1e-3 nats
        tolerance = 1e-3 if name == "eight-gaussians" else 1e-5
        assert entropy(law) == pytest.approx(exact, abs=tolerance)


def test_entropy_of_a_correlated_gaussian() -> None:
    covariance = torch.tensor([[[1.0, 0.6], [0.6, 0.5]]])
    law = GaussianMixture(torch.ones(1), torch.zeros(1, 2), covariance)
    exact = stats.multivariate_normal(np.zeros(2), covariance[0].numpy()).entropy()
    assert entropy(law) == pytest.approx(float(exact), abs=1e-8)


def test_optimum_of_twentyfive_gaussians_is_the_published_one() -> None:
    assert entropy(density("twentyfive-gaussians")) == pytest.approx(2.1450, abs=5e-5)


def test_uneven_modes_are_ten_standard_deviations_apart() -> None:
    law = density("uneven-mixture")
    assert isinstance(law, GaussianMixture)
    assert law.weights.tolist() == pytest.approx([0.7, 0.2, 0.1])
    assert float(torch.pdist(law.means).min()) > 10 * 0.4


def test_mixture_agrees_with_scipy() -> None:
    weights = torch.tensor([2.0, 1.0])
    means = torch.tensor([[0.0, 1.0, 2.0], [1.0, -1.0, 0.5]], dtype=torch.float64)
    root = torch.randn(2, 3, 3, generator=seeded(), dtype=torch.float64)
    covariances = root @ root.mT + 0.5 * torch.eye(3)
    law = GaussianMixture(weights, means, covariances)
    x = law.sample(50, seeded())
    expected = sum(
        float(w) / 3 * stats.multivariate_normal(m.numpy(), c.numpy()).pdf(x.numpy())
        for w, m, c in zip(weights, means, covariances, strict=True)
    )
    np.testing.assert_allclose(law.log_prob(x).exp().numpy(), expected, rtol=1e-12)
    mean = (weights / 3).double() @ means
    many = law.sample(20_000, seeded(1))
    assert bool(((many.mean(0) - mean).abs() < 4 * many.std(0) / math.sqrt(20_000)).all())


@pytest.mark.parametrize("build", [two_moons, two_spirals, pinwheel, swiss_roll])
def test_curves_have_enough_nodes(build: Callable[..., NoisyCurve]) -> None:
    law, finer = build(), build(nodes=1500)
    x = law.sample(2000, seeded())
    torch.testing.assert_close(law.log_prob(x), finer.log_prob(x), rtol=0, atol=1e-8)
    torch.testing.assert_close(
        law.log_prob(midpoints()[::29]).exp(),
        finer.log_prob(midpoints()[::29]).exp(),
        rtol=0,
        atol=1e-8,
    )


def test_two_moons_agree_with_an_adaptive_integral() -> None:
    def moon(t: float, x: NDArray[np.float64]) -> float:
        upper = 2 * np.array([np.cos(t) - 0.5, np.sin(t) - 0.25])
        each = [np.sum((x - sign * upper) ** 2) / (2 * 0.15**2) for sign in (1, -1)]
        return float(np.exp(-np.array(each)).sum() / (2 * math.pi * 2 * math.pi * 0.15**2))

    law = two_moons()
    x = law.sample(5, seeded())
    expected = [quad(moon, 0, math.pi, (row,), epsabs=1e-11, limit=200)[0] for row in x.numpy()]
    np.testing.assert_allclose(law.log_prob(x).exp().numpy(), expected, atol=1e-9)


def test_rings_agree_with_quadrature_along_the_circle() -> None:
    radii = torch.tensor([0.5, 2.0])
    angle = torch.arange(400, dtype=torch.float64) * (2 * math.pi / 400)
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    curve = NoisyCurve(torch.cat([r * circle for r in radii]), torch.ones(800), 0.2)
    rings = NoisyRings(radii, 0.2)
    x = rings.sample(500, seeded())
    torch.testing.assert_close(rings.log_prob(x), curve.log_prob(x), rtol=0, atol=1e-10)
    torch.testing.assert_close(rings.score(x), curve.score(x), rtol=0, atol=1e-9)


def test_score_of_rings_at_the_origin_is_zero() -> None:
    assert torch.equal(density("rings").score(torch.zeros(1, 2)), torch.zeros(1, 2))


def test_checkerboard_is_uniform_inside_and_half_at_an_edge() -> None:
    law = density("checkerboard")
    x = torch.tensor([[-3.0, -3.0], [1.0, 1.0], [-4.0, -3.0], [-4.0, -4.0], [-1.0, -3.0]])
    expected = torch.tensor([1 / 32, 1 / 32, 1 / 64, 1 / 128, 0.0])
    torch.testing.assert_close(law.log_prob(x).exp(), expected, rtol=1e-6, atol=1e-12)


def test_one_blurred_square_far_outside_agrees_with_scipy() -> None:
    law = SoftCheckerboard(torch.zeros(1, 2), 2.0, 0.1)
    x = torch.tensor([[-3.0, 1.0], [5.0, 1.0]], dtype=torch.float64)
    # both lie 30 standard deviations outside, where a difference of two Φ is lost to rounding
    expected = stats.norm.logsf(30) - math.log(4)
    np.testing.assert_allclose(law.log_prob(x).numpy(), expected, rtol=1e-10)


def load(name: DensityName, seed: int = 0) -> Dataset:
    return DensityLoader(name=name).load(Sizes(300, 200, 100), seed, None)


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_rows_depend_on_the_seed_alone(name: DensityName, check_rows: Callable[..., None]) -> None:
    check_rows(load(name), load(name), load(name, 1))


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_modes_are_given_where_they_are_separated(name: DensityName) -> None:
    modes = load(name).modes
    assert (modes is not None) == (name in MIXTURES)
    if modes is not None:
        assert float(modes.weights.sum()) == pytest.approx(1)
        assert modes.centres.shape == (len(modes.weights), 2)


@pytest.mark.parametrize("name", DENSITY_NAMES)
def test_card_loads_its_density_and_states_the_optimum(name: DensityName) -> None:
    card = catalog.tasks()[f"2d/{name}"]
    assert make_loader(card) == DensityLoader(name=name)
    stated = re.search(r"optimum of the log-likelihood is −(\d\.\d{4}) nats", card.summary)
    assert stated is not None
    assert float(stated[1]) == pytest.approx(entropy(density(name), HALF, CELLS + 1), abs=6e-5)
    assert ("mode_weight_error" in card.metrics.names) == (name in MIXTURES)
    assert ("separated-modes" in card.tags) == (name in MIXTURES)


def test_every_2d_card_is_one_of_the_nine() -> None:
    found = {
        card.name.removeprefix("2d/") for card in catalog.tasks().values() if card.family == "2d"
    }
    assert found == set(DENSITY_NAMES)
