"""Every estimator against a known ``log Z``."""

import importlib
import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.errors import EbmbenchError
from ebmbench.partition import (
    InitialGaussian,
    LogZ,
    ais,
    bdmc,
    importance_sampling,
    quadrature,
    smc,
)
from ebmbench.partition.base import (
    delta_stderr,
    effective_sample_size,
    jackknife_stderr,
    log_density,
    log_mean_exp,
)
from ebmbench.partition.grid import reference_box, tabulate
from ebmbench.partition.importance import pareto_k
from ebmbench.partition.quadrature import _log_tail


class Shifted(Energy):
    """A mixture whose energy is moved by a constant, with a reference of one's choice."""

    def __init__(
        self, mixture: GaussianMixtureEnergy, constant: float, mean: float = 0.0, std: float = 1.0
    ) -> None:
        super().__init__()
        self.mixture, self.constant = mixture, constant
        self.gaussian = mean, std

    @property
    def dim(self) -> int:
        return self.mixture.dim

    @property
    def smooth(self) -> bool:
        return True

    @property
    def reference(self) -> Gaussian:
        mean, std = self.gaussian
        like = torch.ones(self.dim, dtype=self.mixture.means.dtype)
        return Gaussian(mean * like, std * like)

    def chain(self) -> None:
        return None

    def forward(self, x: Tensor) -> Tensor:
        return self.mixture(x) + self.constant

    def log_z(self) -> None:
        return None


def mixture(means: list[list[float]], std: float, weights: list[float]) -> GaussianMixtureEnergy:
    return GaussianMixtureEnergy(
        torch.tensor(weights, dtype=torch.float64),
        torch.tensor(means, dtype=torch.float64),
        torch.full((len(means),), std**2, dtype=torch.float64),
    )


def gaussian(d: int, mean: float = 0.3, std: float = 0.8, constant: float = 1.7) -> Shifted:
    return Shifted(mixture([[mean] * d], std, [1.0]), constant)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_quadrature_of_a_gaussian(d: int) -> None:
    found = quadrature(gaussian(d))
    assert found.certified, found.note
    assert found.log_z == pytest.approx(-1.7, abs=1e-6)


@pytest.mark.parametrize("d", [1, 2])
def test_the_bound_of_the_tail_is_above_the_tail(d: int) -> None:
    energy = gaussian(d, mean=0.0, std=1.0, constant=0.0)
    box = reference_box(energy, 3.0)
    inside = (1 - 2 * float(torch.special.ndtr(torch.tensor(-3.0).double()))) ** d
    bound = math.exp(_log_tail(energy, tabulate(energy, box, 96)))
    assert 1 - inside < bound < 100 * (1 - inside)
    assert quadrature(energy).diagnostics["tail"] < 1e-100


def test_quadrature_of_a_correlated_gaussian() -> None:
    covariance = torch.tensor([[1.0, 0.95], [0.95, 1.0]], dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    model = GaussianMixtureEnergy(one, torch.zeros(1, 2).double(), covariance[None])
    assert quadrature(Shifted(model, -2.5)).log_z == pytest.approx(2.5, abs=1e-6)


@pytest.mark.parametrize("far", [25.0, 44.0])
def test_quadrature_finds_density_far_from_the_reference(far: float) -> None:
    model = Shifted(mixture([[0.0, 0.0], [far, 0.0]], 1.0, [0.5, 0.5]), 0.0)
    assert quadrature(model).log_z == pytest.approx(0.0, abs=1e-4)


def test_quadrature_refuses_what_its_finest_grid_cannot_resolve() -> None:
    model = Shifted(mixture([[0.1234], [4.0]], 1e-7, [0.5, 0.5]), 0.0)
    found = quadrature(model)
    assert not found.certified
    assert "resolutions differ" in found.note or "boxes differ" in found.note


@pytest.mark.parametrize(
    ("std", "distance", "tolerance", "failure"),
    [(0.2, 4.0, 1.2, "resolution"), (0.5, 6.0, 0.2, "boxes")],
)
def test_two_resolutions_and_two_boxes_must_each_agree(
    std: float, distance: float, tolerance: float, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a grid of 40 cells; of the two disagreements one is within the tolerance, one is not."""
    module = importlib.import_module("ebmbench.partition.quadrature")
    monkeypatch.setitem(module.POINTS, 2, 20)
    monkeypatch.setitem(module.MOST, 2, 40)
    model = mixture([[0.0, 0.0], [distance, 0.3]], std, [0.4, 0.6])
    found = quadrature(model, tolerance)
    sizes = {name: found.diagnostics[name] for name in ("resolution", "boxes")}
    assert [name for name, size in sizes.items() if size > tolerance] == [failure]
    assert not found.certified
    words = {"resolution": "two resolutions differ by", "boxes": "two boxes differ by"}
    assert found.note == f"quadrature refused: {words[failure]} {sizes[failure]:.2g} nats"
    monkeypatch.undo()
    finest = quadrature(model)
    assert finest.certified, finest.note
    assert finest.diagnostics["resolution"] <= 1e-4
    assert finest.log_z == pytest.approx(0.0, abs=1e-4)


def test_quadrature_refuses_values_that_are_not_finite() -> None:
    found = quadrature(gaussian(2, constant=math.nan))
    assert not found.certified


def test_quadrature_has_three_dimensions_at_most() -> None:
    with pytest.raises(EbmbenchError, match="4-dimensional energy; allowed: 1 to 3"):
        quadrature(gaussian(4))


def test_float32_energies_are_summed_in_float64() -> None:
    model = Shifted(mixture([[0.3, 0.3]], 0.8, [1.0]).float(), 1.7)
    assert log_density(model, torch.zeros(3, 2)).dtype == torch.float64
    assert quadrature(model).log_z == pytest.approx(-1.7, abs=1e-5)


@pytest.mark.parametrize("estimate", [importance_sampling, smc, ais], ids=lambda f: f.__name__)
@pytest.mark.parametrize("d", [6])
def test_simulation_finds_log_z(
    estimate: Callable[..., LogZ], d: int, generator: torch.Generator
) -> None:
    found = estimate(gaussian(d), generator)
    assert found.certified, found.note
    assert found.log_z == pytest.approx(-1.7, abs=max(4 * found.stderr, 0.02))
    assert found.lower <= found.log_z


def test_ais_of_a_normalised_reference_is_exact_and_costs_no_variance(
    generator: torch.Generator,
) -> None:
    model = gaussian(5, mean=0.0, std=1.0, constant=0.0)
    found = ais(model, generator, effort=0)
    assert found.diagnostics["forward"] == pytest.approx(0.0, abs=1e-9)
    assert found.diagnostics["reverse"] == pytest.approx(0.0, abs=1e-9)


def test_smc_takes_as_many_temperatures_as_the_path_is_long(generator: torch.Generator) -> None:
    near, far = gaussian(6), gaussian(6, mean=8.0, std=0.3)
    few, many = (smc(model, generator).diagnostics["temperatures"] for model in (near, far))
    assert few == 64
    assert many > 128


def test_ais_is_a_function_of_its_generator() -> None:
    runs = [ais(gaussian(2), torch.Generator().manual_seed(7), effort=0) for _ in range(2)]
    assert runs[0] == runs[1]


def test_ais_in_other_coordinates_gives_the_same_log_z(generator: torch.Generator) -> None:
    covariance = torch.tensor([[4.0, 1.9], [1.9, 1.0]], dtype=torch.float64)
    one = torch.ones(1, dtype=torch.float64)
    model = GaussianMixtureEnergy(one, torch.tensor([[5.0, -3.0]]).double(), covariance[None])
    rows = model.sample(5000, generator)
    initial = InitialGaussian.fitted(model, rows)
    found = ais(Shifted(model, 3.0), generator, initial=initial)
    assert found.certified, found.note
    assert found.log_z == pytest.approx(-3.0, abs=0.1)


def test_bdmc_brackets_log_z(generator: torch.Generator) -> None:
    model = Shifted(mixture([[-1.0] * 10, [1.0] * 10], 0.6, [0.7, 0.3]), 2.0)
    found = bdmc(model, model.mixture.sampler(), generator)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower - 4 * found.stderr < -2.0 < found.upper + 4 * found.stderr


def test_bdmc_takes_exact_samples_only(generator: torch.Generator) -> None:
    model = gaussian(3)
    near = OwnSampler("long chains", model.mixture.sample)
    with pytest.raises(EbmbenchError, match="found 'long chains', allowed: 'exact'"):
        bdmc(model, near, generator)


def test_bdmc_with_too_few_temperatures_is_refused(generator: torch.Generator) -> None:
    model = gaussian(30, std=0.3)
    found = bdmc(model, model.mixture.sampler(), generator, temperatures=4)
    assert not found.certified
    assert found.upper - found.lower > 1


def test_the_initial_gaussian_maps_there_and_back(generator: torch.Generator) -> None:
    rows = torch.randn(50, 3, generator=generator, dtype=torch.float64) @ torch.tril(
        torch.ones(3, 3, dtype=torch.float64)
    )
    initial = InitialGaussian.fitted(gaussian(3), rows)
    assert torch.allclose(initial.to_x(initial.to_z(rows)), rows)
    normal = torch.distributions.MultivariateNormal(initial.mean, scale_tril=initial.factor)
    peak = normal.log_prob(initial.mean)
    assert initial.log_z == pytest.approx(-float(peak))


def test_sums_of_weights() -> None:
    log_w = torch.tensor([0.0, 1.0, 2.0, 0.5, 0.3, 1.2], dtype=torch.float64) + 800
    w = (log_w - 800).exp()
    assert log_mean_exp(log_w) == pytest.approx(800 + math.log(w.mean()))
    assert effective_sample_size(log_w) == pytest.approx(float(w.sum() ** 2 / w.square().sum()))
    assert delta_stderr(log_w) == pytest.approx(float(w.std() / w.mean()) / math.sqrt(6))
    pairs = w.reshape(3, 2).sum(1)
    left_out = torch.stack([(pairs.sum() - p).log() for p in pairs])
    by_hand = math.sqrt(2 / 3 * float((left_out - left_out.mean()).square().sum()))
    assert jackknife_stderr(log_w, 3) == pytest.approx(by_hand)


@pytest.mark.parametrize("k", [0.3, 0.7, 1.2])
def test_pareto_k_of_a_pareto_tail(k: float, generator: torch.Generator) -> None:
    u = torch.rand(100_000, generator=generator, dtype=torch.float64)
    assert pareto_k(-k * u.log()) == pytest.approx(k, abs=0.1)


def test_importance_sampling_refuses_heavy_weights(generator: torch.Generator) -> None:
    found = importance_sampling(gaussian(20, std=2.0), generator)
    assert not found.certified
    assert "Pareto k" in found.note
