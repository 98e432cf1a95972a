"""What every registered energy promises."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ebmbench import catalog
from ebmbench.energies import build_energy
from ebmbench.energies.base import Energy
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.nice import NICEEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.partition.quadrature import quadrature
from ebmbench.registry import ENERGIES

OPTIONS = {
    "mlp": {"hidden": [16, 16]},
    "conv": {"channels": [4, 8]},
    "ica": {"sources": "logistic"},
    "nice": {"couplings": 4, "hidden": [16]},
    "dkef": {"points": 20, "hidden": [8, 8]},
    "mlp-levels": {"hidden": [16, 16], "levels": [1.0, 0.3, 0.1]},
}
SQUARE = {"conv": 4}
"""Where the number of coordinates must be a square."""
kinds = pytest.mark.parametrize("kind", list(ENERGIES))


def make(kind: str, dim: int = 2, perturbed: bool = True) -> Energy:
    dim = SQUARE.get(kind, dim) if dim > 1 else dim
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(200, dim, generator=generator).cumsum(1) * torch.arange(1, dim + 1) + 0.5
    energy = build_energy(kind, OPTIONS[kind], rows, generator, reference=Gaussian.fitted(rows))
    if perturbed:
        with torch.no_grad():
            for parameter in energy.parameters():
                parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return energy


def points(n: int, dim: int) -> Tensor:
    return 2 * torch.randn(n, dim, generator=torch.Generator().manual_seed(1))


def test_every_registered_energy_has_options_here() -> None:
    assert set(OPTIONS) == set(ENERGIES)


@kinds
def test_one_finite_value_per_point_independent_of_the_batch(kind: str) -> None:
    energy = make(kind, 3)
    x = points(7, energy.dim)
    values = energy(x)
    assert values.shape == (7,)
    assert torch.isfinite(values).all()
    torch.testing.assert_close(energy(x[3:4]), values[3:4])
    assert energy(x[:0]).shape == (0,)


@kinds
def test_computes_in_the_dtype_of_its_parameters(kind: str) -> None:
    energy = make(kind).double()
    x = points(3, energy.dim)
    value = energy(x.double())
    assert value.dtype == torch.float64
    torch.testing.assert_close(value.float(), energy.float()(x), rtol=1e-5, atol=1e-5)


@kinds
def test_a_known_log_z_is_that_of_quadrature(kind: str) -> None:
    energy = make(kind, 1 if kind in SQUARE else 2).double().requires_grad_(False)
    found = quadrature(energy)
    assert found.certified
    exact = energy.log_z()
    if exact is not None:
        assert found.log_z == pytest.approx(float(exact), abs=1e-4)


@kinds
def test_log_z_is_finite_even_for_wild_parameters(kind: str) -> None:
    """The network grows at most linearly and the reference quadratically."""
    energy = make(kind).double()
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.mul_(3.0)
    radius = torch.zeros(3, energy.dim, dtype=torch.float64)
    radius[0, 0], radius[1, 1], radius[2, :] = 1e3, -1e3, 1e5
    assert (energy(radius) > 100).all()


@kinds
def test_state_dict_round_trip(kind: str) -> None:
    energy, other = make(kind), make(kind, perturbed=False)
    x = points(5, energy.dim)
    assert not torch.equal(energy(x), other(x))
    other.load_state_dict(energy.state_dict())
    assert torch.equal(energy(x), other(x))


@kinds
def test_the_start_depends_on_the_generator_alone(kind: str) -> None:
    assert all(
        torch.equal(a, b)
        for a, b in zip(make(kind).parameters(), make(kind).parameters(), strict=True)
    )


@pytest.mark.parametrize("kind", sorted(set(ENERGIES) - {"ica"}))
def test_starts_at_the_gaussian_of_the_training_rows(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(200, 4, generator=generator).cumsum(1) * torch.arange(1, 5) + 0.5
    energy = build_energy(kind, OPTIONS[kind], rows, generator, reference=Gaussian.fitted(rows))
    covariance = torch.cov(rows.T.double(), correction=0)
    if isinstance(energy, ConditionalEnergy):
        covariance += 0.01 * torch.eye(4)
    law = torch.distributions.MultivariateNormal(rows.mean(0).double(), covariance)
    x = points(9, 4)
    constant = 2 * math.log(2 * math.pi) + 0.5 * float(torch.logdet(covariance))
    expected = -law.log_prob(x.double()) - constant
    torch.testing.assert_close(energy(x).double(), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(energy.reference.covariance, covariance, rtol=1e-4, atol=1e-4)
    known = energy.log_z()
    assert known is None or float(known.detach()) == pytest.approx(constant, abs=1e-4)


@pytest.mark.parametrize("sources", ["logistic", "laplace"])
def test_ica_starts_with_the_covariance_of_the_training_rows(sources: str) -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(500, 3, generator=generator).cumsum(1)
    gaussian = Gaussian.fitted(rows)
    energy = build_energy("ica", {"sources": sources}, rows, generator, reference=gaussian)
    assert isinstance(energy, ICAEnergy)
    variance = math.pi**2 / 3 if sources == "logistic" else 1.0
    mixing = torch.linalg.inv(energy.demixing.detach().double())
    torch.testing.assert_close(
        variance * mixing @ mixing.T, gaussian.covariance, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("sources", ["logistic", "laplace"])
def test_ica_samples_have_the_moments_of_the_model(sources: str) -> None:
    generator = torch.Generator().manual_seed(4)
    demixing = torch.tensor([[1.0, 0.3], [-0.4, 0.8]])
    energy = ICAEnergy(demixing, sources, torch.zeros(2), torch.ones(2))  # type: ignore[arg-type]
    x = energy.sample(40_000, generator).double()
    variance = math.pi**2 / 3 if sources == "logistic" else 1.0
    s = x @ demixing.double().T
    torch.testing.assert_close(
        torch.cov(s.T), variance * torch.eye(2).double(), atol=0.05 * variance, rtol=0
    )


def test_nice_samples_follow_the_model() -> None:
    """Under exact samples the latent variables are standard normal."""
    energy = make("nice", 3)
    assert isinstance(energy, NICEEnergy)
    x = energy.sample(20_000, torch.Generator().manual_seed(3))
    # E = ½‖z‖², so that 2E is chi-squared with three degrees of freedom.
    twice = 2 * energy(x).detach().double()
    assert float(twice.mean()) == pytest.approx(3.0, abs=0.06)
    assert float(twice.var()) == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize("kind", ["spherical", "diagonal", "full"])
def test_a_mixture_is_that_of_torch_distributions(kind: str) -> None:
    generator = torch.Generator().manual_seed(6)
    weights = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    means = torch.randn(3, 2, generator=generator, dtype=torch.float64)
    root = torch.randn(3, 2, 2, generator=generator, dtype=torch.float64)
    full = root @ root.transpose(1, 2) + 0.3 * torch.eye(2)
    if kind == "spherical":
        covariances = full[:, 0, 0]
        full = covariances[:, None, None] * torch.eye(2).double()
    elif kind == "diagonal":
        covariances = full.diagonal(dim1=1, dim2=2)
        full = torch.diag_embed(covariances)
    else:
        covariances = full
    energy = GaussianMixtureEnergy(weights, means, covariances)
    truth = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(weights),
        torch.distributions.MultivariateNormal(means, full),
    )
    x = 2 * torch.randn(50, 2, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(-energy(x), truth.log_prob(x))
    torch.testing.assert_close(energy.reference.mean, truth.mean)
    torch.testing.assert_close(energy.reference.std, truth.stddev)
    samples = energy.sample(50_000, generator)
    torch.testing.assert_close(samples.mean(0), truth.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(samples.std(0), truth.stddev, atol=0.05, rtol=0)
    again = GaussianMixtureEnergy.from_state(energy.state_dict())
    torch.testing.assert_close(again(x), energy(x))


def test_images_must_be_square() -> None:
    with pytest.raises(EbmbenchError, match="square images, but a row has 6 numbers"):
        build_energy("conv", OPTIONS["conv"], torch.randn(10, 6), torch.Generator())


def test_residual_layers_add_their_input() -> None:
    rows, options = torch.randn(10, 2), {"hidden": [4, 4]}
    plain, residual = (
        build_energy("mlp", options | extra, rows, torch.Generator().manual_seed(0))
        for extra in ({}, {"residual": True})
    )
    with torch.no_grad():
        for energy in (plain, residual):
            energy.get_parameter("network.4.weight").fill_(1.0)
            energy.get_parameter("network.2.weight").zero_()
    u = (rows - rows.mean(0)) / rows.std(0)
    first = plain.get_parameter("network.0.weight"), plain.get_parameter("network.0.bias")
    h = torch.nn.functional.silu(torch.addmm(first[1], u, first[0].T))
    torch.testing.assert_close(residual(rows) - plain(rows), h.sum(1))


def test_unknown_kinds_and_options_are_named() -> None:
    rows, generator = torch.randn(10, 2), torch.Generator()
    with pytest.raises(EbmbenchError, match="did you mean 'mlp'"):
        build_energy("mpl", {}, rows, generator)
    with pytest.raises(EbmbenchError, match="unknown key 'widths'"):
        build_energy("mlp", {"widths": [3]}, rows, generator)
    with pytest.raises(EbmbenchError, match="hidden"):
        build_energy("mlp", {"hidden": [0]}, rows, generator)


def test_every_task_card_builds_its_energy() -> None:
    for card in catalog.tasks().values():
        rows = torch.randn(50, 16, generator=torch.Generator().manual_seed(0))
        energy = build_energy(card.energy.kind, card.energy.options, rows, torch.Generator())
        assert energy.dim == 16
