"""Metrics on samples, against SciPy and closed forms."""

import math
from dataclasses import replace

import pytest
import torch
from scipy import stats

from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.errors import EbmbenchError
from ebmbench.metrics.kernels import BANDWIDTHS, ksd, ksd_statistic, mmd, mmd_statistic
from ebmbench.metrics.samples import (
    energy_distance,
    energy_statistic,
    sliced_w1,
    sliced_wasserstein,
)
from ebmbench.partition import quadrature
from ebmbench.partition.quadrature import quadrature_grid
from ebmbench.partition.sampling import best_sampler, by_own_sampler, model_samples


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


def test_energy_statistic_against_scipy(generator) -> None:
    n, m = 80, 60
    x = torch.randn(n, 1, generator=generator, dtype=torch.float64)
    y = 0.5 + 2 * torch.randn(m, 1, generator=generator, dtype=torch.float64)
    within = [float(torch.cdist(a, a).mean()) for a in (x, y)]
    # SciPy keeps the zero distances of each point to itself; the unbiased form divides by n - 1
    biased = stats.energy_distance(x[:, 0].numpy(), y[:, 0].numpy()) ** 2
    expected = biased - within[0] / (n - 1) - within[1] / (m - 1)
    assert energy_statistic(x, y)[0] == pytest.approx(expected)


def test_energy_statistic_has_the_stated_error(generator) -> None:
    draws = [
        energy_statistic(
            torch.randn(100, 2, generator=generator),
            torch.randn(100, 2, generator=generator) + 1,
        )
        for _ in range(200)
    ]
    values = torch.tensor([value for value, _ in draws])
    stated = sum(error for _, error in draws) / len(draws)
    assert stated == pytest.approx(float(values.std()), rel=0.2)


def test_sliced_wasserstein_against_scipy(generator) -> None:
    x, y = torch.randn(2, 70, 3, generator=generator, dtype=torch.float64)
    directions = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    directions /= directions.norm(dim=1, keepdim=True)
    expected = [stats.wasserstein_distance((x @ v).numpy(), (y @ v).numpy()) for v in directions]
    assert sliced_w1(x, y, directions) == pytest.approx(sum(expected) / 5)


def test_mmd_by_hand() -> None:
    x = torch.tensor([[0.0], [2.0]], dtype=torch.float64)
    y = torch.tensor([[1.0], [5.0]], dtype=torch.float64)
    # distances between x and y: 1, 5, 1, 3, of which torch takes the lower median of squares
    kernel = [lambda r, b=b: math.exp(-(r**2) / (2 * b**2)) for b in BANDWIDTHS]
    expected = sum(k(2) + k(4) - (2 * k(1) + k(5) + k(3)) / 2 for k in kernel) / len(kernel)
    assert mmd_statistic(x, y)[0] == pytest.approx(expected)


def test_ksd_by_automatic_differentiation(generator) -> None:
    x = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    s = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    squares = torch.cdist(x, x).square()
    scale = squares[~torch.eye(7, dtype=torch.bool)].median()

    def kernel(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (1 + (a - b).square().sum() / scale) ** -0.5

    total = 0.0
    for i in range(7):
        for j in range(7):
            if i == j:
                continue
            by_a, by_b = torch.autograd.functional.jacobian(kernel, (x[i], x[j]))
            mixed = torch.autograd.functional.hessian(kernel, (x[i], x[j]))[0][1]
            k = kernel(x[i], x[j])
            total += float(s[i] @ s[j] * k + s[i] @ by_b + s[j] @ by_a + mixed.trace())
    assert ksd_statistic(x, s)[0] == pytest.approx(total / 42)


@pytest.mark.parametrize(
    ("metric", "std"),
    [(energy_distance, 1.5), (sliced_wasserstein, 1.5), (mmd, 1.5), (ksd, 0.3)],
)
def test_a_wrong_model_is_told_from_the_true_one(metric, std, mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0], [3.0, 0.0]], 0.5)
    wrong = mixture([[0.0, 0.0], [3.0, 0.0]], std)
    right, off = (metric(evaluation(truth, model)) for model in (truth, wrong))
    assert off.value > right.value + 3 * off.stderr
    if metric is not sliced_wasserstein:
        assert abs(right.value) < 4 * right.stderr


def test_energy_distance_of_two_normal_laws(mixture, evaluation) -> None:
    # in 1D, E|N(m, s²)| is known in closed form
    def absolute(m: float, s: float) -> float:
        return s * math.sqrt(2 / math.pi) * math.exp(-(m**2) / (2 * s**2)) + m * (
            1 - 2 * stats.norm.cdf(-m / s)
        )

    expected = 2 * absolute(1.0, math.sqrt(2)) - 2 * absolute(0.0, math.sqrt(2))
    found = energy_distance(evaluation(mixture([[0.0]], 1.0), mixture([[1.0]], 1.0)))
    assert found.value == pytest.approx(expected, abs=4 * found.stderr)


def test_samples_of_a_grid_follow_the_density(mixture, evaluation, generator) -> None:
    model = evaluation(mixture([[0.0]], 1.0), mixture([[-2.0], [1.0]], 0.5, [0.3, 0.7])).energy
    x = quadrature_grid(model)[1].sample(5000, generator)[:, 0]

    def cdf(t):
        return 0.3 * stats.norm.cdf(t, -2, 0.5) + 0.7 * stats.norm.cdf(t, 1, 0.5)

    assert quadrature(model).certified
    assert stats.kstest(x.numpy(), cdf).pvalue > 1e-3


def test_tempered_samples_follow_the_density(mixture, evaluation, generator) -> None:
    means = [[-1.0] * 5, [1.0] * 5]
    truth = mixture(means, 0.7, [0.3, 0.7])
    model = evaluation(truth, truth).energy
    drawn = model_samples(model, 1200, generator)
    x = drawn.x
    assert drawn.how.startswith("parallel tempering, 100 ladders of")
    assert x.shape == (1200, 5)
    assert energy_statistic(x, truth.sample(2000, generator))[0] < 0.02
    assert float((x.sum(1) > 0).double().mean()) == pytest.approx(0.7, abs=0.1)


def test_exact_samples_are_used_where_they_exist(mixture, generator) -> None:
    model = mixture([[0.0] * 30], 1.0)
    same = torch.Generator().manual_seed(3)
    assert torch.equal(model_samples(model, 10, generator).x, model.sample(10, same))


def test_what_a_method_brings_is_used_and_named(mixture, evaluation) -> None:
    truth = mixture([[0.0, 0.0]], 1.0)
    origin = OwnSampler("a learned generator", lambda n, g: torch.zeros(n, 2))
    plain = evaluation(truth, truth)
    found = energy_distance(replace(plain, own_sampler=origin, memo={}))
    assert found.value > 10 * found.stderr
    assert found.note.endswith("a learned generator")
    assert "inverse CDF" in energy_distance(plain).note


def test_an_exact_sampler_comes_before_any_other(mixture, evaluation) -> None:
    model = mixture([[0.0, 0.0]], 1.0)
    without = evaluation(model, model).energy
    learned = OwnSampler("a learned generator", lambda n, g: torch.zeros(n, 2))
    assert best_sampler(model, learned).how == "exact"
    assert best_sampler(without, learned) is learned
    assert best_sampler(without) is None


def test_a_sampler_of_another_shape_is_refused_in_words(generator) -> None:
    wrong = OwnSampler("a learned generator", lambda n, g: torch.zeros(n, 3))
    with pytest.raises(EbmbenchError, match="'a learned generator' drew points of shape"):
        by_own_sampler(wrong, 2, 10, generator)
