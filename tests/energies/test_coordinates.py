"""Coordinates against closed forms, and models that do not depend on them."""

import pytest
import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies import build_energy
from ebmbench.energies.base import Energy
from ebmbench.energies.coordinates import KINDS, Coordinates
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.energies.nice import NICEEnergy
from ebmbench.energies.pulled_back import PulledBack
from ebmbench.partition.grid import reference_box, tabulate

kinds = pytest.mark.parametrize("kind", KINDS)


def log_z_of(energy: Energy) -> float:
    """By the midpoint rule, unless it is known."""
    known = energy.log_z()
    if known is not None:
        return float(known.detach())
    return tabulate(energy, reference_box(energy, 8.0), 400).log_z


@pytest.fixture
def rows() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(400, 2, generator=generator).double().cumsum(1) * 3 + 1


def made(rows: Tensor, kind: str, name: str = "mlp", **options: object) -> PulledBack:
    gaussian = Gaussian.fitted(rows)
    coordinates = Coordinates.of(gaussian, kind)
    energy = build_energy(
        name,
        options or {"hidden": [6]},
        coordinates.apply(rows),
        torch.Generator().manual_seed(1),
        reference=coordinates.reference(gaussian),
    )
    return PulledBack(energy, coordinates).double()


def test_standardised_rows_have_unit_variance_and_white_ones_no_correlations(rows: Tensor) -> None:
    gaussian = Gaussian.fitted(rows)
    standardised, whitened = (Coordinates.of(gaussian, kind).apply(rows) for kind in KINDS)
    correlations = torch.corrcoef(rows.T)
    covariance = torch.cov(standardised.T, correction=0)
    torch.testing.assert_close(covariance, correlations)
    torch.testing.assert_close(
        torch.cov(whitened.T, correction=0), torch.eye(2).double(), rtol=1e-4, atol=1e-4
    )
    # of all white coordinates these are most like the standardised ones, and symmetrically so
    cross = standardised.T @ whitened / len(rows)
    torch.testing.assert_close(cross, cross.T)
    assert (torch.linalg.eigvalsh(cross) > 0).all()


@kinds
def test_there_and_back(rows: Tensor, kind: str) -> None:
    coordinates = Coordinates.of(Gaussian.fitted(rows), kind)
    torch.testing.assert_close(coordinates.invert(coordinates.apply(rows)), rows)
    sign, log_det = torch.linalg.slogdet(coordinates.full)
    assert float(sign) == 1
    assert coordinates.log_det == pytest.approx(float(log_det))
    origin = Coordinates.of(Gaussian.fitted(rows), kind, centred=False)
    zero = torch.zeros(1, 2).double()
    torch.testing.assert_close(origin.apply(zero), zero)


@kinds
def test_the_law_of_the_mapped_rows_is_that_of_the_rows(rows: Tensor, kind: str) -> None:
    gaussian = Gaussian.fitted(rows)
    coordinates = Coordinates.of(gaussian, kind)
    mapped = coordinates.reference(gaussian)
    assert (mapped.root is None) == (kind == "whitened")
    back = coordinates.pulled_back(mapped)
    torch.testing.assert_close(back.mean, gaussian.mean)
    torch.testing.assert_close(back.covariance, gaussian.covariance)
    here = gaussian.log_density(rows) - gaussian.log_z
    there = mapped.log_density(coordinates.apply(rows)) - mapped.log_z + coordinates.log_det
    torch.testing.assert_close(here, there)


@kinds
@pytest.mark.parametrize("name", ["mlp", "nice"])
def test_an_untrained_energy_is_the_gaussian_of_the_rows(
    rows: Tensor, kind: str, name: str
) -> None:
    energy = made(rows, kind, name, hidden=[6])
    gaussian = Gaussian.fitted(rows)
    torch.testing.assert_close(energy(rows), -gaussian.log_density(rows), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(energy.reference.covariance, gaussian.covariance, rtol=1e-5, atol=0)
    assert log_z_of(energy) == pytest.approx(gaussian.log_z, abs=1e-4)


@kinds
def test_log_z_moves_by_the_log_determinant(rows: Tensor, kind: str) -> None:
    energy = made(rows, kind)
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.add_(0.5 * torch.randn(parameter.shape, generator=torch.Generator()))
    inner, outer = log_z_of(energy.inner), log_z_of(energy)
    assert outer == pytest.approx(inner - energy.map.log_det, abs=2e-4)


def test_a_model_does_not_depend_on_the_coordinates(rows: Tensor) -> None:
    """ICA with ``B A`` in named coordinates is ICA with ``B`` in the mapped ones."""
    coordinates = Coordinates.of(Gaussian.fitted(rows), "whitened", centred=False)
    unit = (torch.zeros(2).double(), torch.ones(2).double())
    b = torch.tensor([[1.0, 0.4], [-0.3, 2.0]]).double()
    pulled = PulledBack(ICAEnergy(b, "logistic", *unit), coordinates)
    direct = ICAEnergy(b @ coordinates.full, "logistic", *unit)
    torch.testing.assert_close(pulled(rows), direct(rows))
    assert float(pulled.log_z().detach()) == pytest.approx(float(direct.log_z().detach()))  # type: ignore[union-attr]
    torch.testing.assert_close(calculus.score(pulled, rows), calculus.score(direct, rows))
    found = pulled.sampler().draw(1000, torch.Generator().manual_seed(3))  # type: ignore[union-attr]
    torch.testing.assert_close(found, direct.sample(1000, torch.Generator().manual_seed(3)))


@pytest.mark.parametrize(
    "inner",
    [
        MLPEnergy(torch.zeros(2), torch.ones(2), [4]),
        NICEEnergy(torch.zeros(2), torch.ones(2), 2, [4]),
    ],
)
@kinds
def test_in_single_precision_ill_conditioned_rows_lose_little(
    rows: Tensor, kind: str, inner: Energy
) -> None:
    thin = torch.stack([rows[:, 0], rows[:, 0] + 1e-2 * (rows[:, 1] - rows[:, 0])], 1)
    gaussian = Gaussian.fitted(thin)
    coordinates = Coordinates.of(gaussian, kind)
    inner.start_at(coordinates.reference(gaussian))
    energy = PulledBack(inner, coordinates)
    expected = -gaussian.log_density(thin)
    torch.testing.assert_close(energy(thin.float()).double(), expected, rtol=2e-3, atol=2e-3)


@kinds
def test_what_is_stored_comes_back(rows: Tensor, kind: str) -> None:
    energy = made(rows, kind)
    parts = PulledBack.split(energy.state_dict())
    assert parts is not None
    coordinates, state = parts
    again = MLPEnergy(torch.zeros(2), torch.ones(2), [6]).double()
    again.load_state_dict(state)
    torch.testing.assert_close(PulledBack(again, coordinates)(rows), energy(rows))
    assert PulledBack.split(energy.inner.state_dict()) is None
