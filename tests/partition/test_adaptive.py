"""The law that is adapted to a model, and the numbers that come of it."""

import math

import pytest
import torch

from ebmbench.energies.funnel import FunnelEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian, adaptive
from ebmbench.partition.adaptive import adapted_laws
from ebmbench.partition.base import LogZ
from ebmbench.partition.effort import EFFORTS
from ebmbench.partition.ends import bound_below
from ebmbench.partition.initial import InitialMixture
from ebmbench.partition.missed import missed_mass
from ebmbench.samplers.pilot import pilot


def standard(d: int) -> InitialGaussian:
    return InitialGaussian(torch.zeros(d).double(), torch.eye(d).double())


def modes(
    d: int, places: list[float], weights: list[float], std: float = 0.7
) -> GaussianMixtureEnergy:
    means = torch.zeros(len(places), d, dtype=torch.float64)
    means[:, 0] = torch.tensor(places, dtype=torch.float64)
    variances = torch.full((len(places),), std**2, dtype=torch.float64)
    return GaussianMixtureEnergy(torch.tensor(weights).double(), means, variances)


def ill_conditioned(d: int) -> GaussianMixtureEnergy:
    g = torch.Generator().manual_seed(1)
    basis, _ = torch.linalg.qr(torch.randn(d, d, generator=g, dtype=torch.float64))
    covariance = (basis * torch.logspace(-2, 2, d, dtype=torch.float64)) @ basis.T
    return GaussianMixtureEnergy(
        torch.ones(1).double(), torch.full((1, d), 2.0).double(), covariance[None]
    )


def holds(found: LogZ, truth: float) -> bool:
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower <= found.log_z <= found.upper
    return found.lower <= truth <= found.upper


def test_the_path_from_an_adapted_law_is_short() -> None:
    d, g = 70, torch.Generator().manual_seed(0)
    model = ill_conditioned(d)
    laws = adapted_laws(model, standard(d), None, g, EFFORTS[1]).laws
    short = float(pilot(laws[0].bridge_to(model), g).length[-1])
    long = float(pilot(standard(d).bridge_to(model), g).length[-1])
    assert short < 2.5
    assert long > 4 * short


def test_separated_places_get_components() -> None:
    d, g = 8, torch.Generator().manual_seed(0)
    model = modes(d, [-6.0, 6.0], [0.7, 0.3])
    rows = model.sample(200, g)
    laws = adapted_laws(model, InitialGaussian.fitted(model, rows), rows, g, EFFORTS[0]).laws
    assert isinstance(laws[0], InitialMixture)
    z = laws[0].origin.draw(10_000, g)
    assert float((laws[0].to_x(z)[:, 0] < 0).double().mean()) == pytest.approx(0.7, abs=0.12)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "model",
    [modes(5, [0.0], [1.0]), modes(4, [-3.0, 3.0], [0.8, 0.2]), ill_conditioned(12)],
    ids=["gaussian", "two modes", "ill-conditioned"],
)
def test_brackets_hold_the_truth(model: GaussianMixtureEnergy, seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    rows = model.sample(200, g)
    law = InitialGaussian.fitted(model, rows)
    found = adaptive(model, g, 0, 0.5, initial=law, rows=rows)
    assert found.certified, found.note
    assert holds(found, 0.0)
    assert found.diagnostics["scores"] > 1000


def test_a_mode_that_the_data_misses_is_found() -> None:
    """From the data's law alone the number is refused; see the refusals."""
    model, g = modes(8, [0.0, 8.0], [0.7, 0.3]), torch.Generator().manual_seed(0)
    found = adaptive(model, g, 0, 0.5, initial=standard(8))
    assert found.certified, found.note
    assert holds(found, 0.0)


def test_a_funnel_is_refused_with_a_bracket_that_holds_the_truth() -> None:
    found = adaptive(FunnelEnergy(10, 3.0), torch.Generator().manual_seed(0), 0)
    assert not found.certified
    assert holds(found, 0.0)


def test_values_that_are_not_finite_are_refused() -> None:
    model = modes(4, [0.0], [1.0])
    model.constants.fill_(math.nan)
    found = adaptive(model, torch.Generator().manual_seed(0), 0)
    assert not found.certified
    assert "not finite" in found.note


def test_one_seed_is_one_number() -> None:
    model = modes(3, [-2.0, 2.0], [0.5, 0.5])
    a, b = (adaptive(model, torch.Generator().manual_seed(4), 0) for _ in range(2))
    assert a == b


def test_a_minimum_is_not_heavier_than_all_that_was_found() -> None:
    """Heavy weights around a minimum once made it hold all of the mass."""
    d = 6
    heavy = GaussianMixtureEnergy(
        torch.tensor([0.2, 0.8]).double(),
        torch.zeros(2, d).double(),
        torch.tensor([0.01, 1.0]).double(),
    )
    g = torch.Generator().manual_seed(0)
    points = heavy.sample(400, g)
    found = missed_mass(
        heavy, standard(d), points, torch.zeros(400).double(), log_z=0.0, generator=g
    )
    assert found.minima >= 1
    assert found.mass == 0.0


def test_missed_mass_raises_the_bracket_to_the_truth() -> None:
    model = modes(8, [0.0, 20.0], [0.2, 0.8])
    g = torch.Generator().manual_seed(0)
    points = 0.7 * torch.randn(400, 8, generator=g).double()
    found = missed_mass(
        model, standard(8), points, torch.zeros(400).double(), log_z=math.log(0.2), generator=g
    )
    assert found.mass == pytest.approx(0.8, abs=0.03)
    assert found.raised(math.log(0.2)) == pytest.approx(0.0, abs=0.15)
    assert found.failure(0.1) is not None
    assert found.failure(2.0) is None


@pytest.mark.parametrize("spread", [0.3, 3.0, 30.0])
def test_a_robust_bound_stays_below_and_ignores_one_chain(spread: float) -> None:
    """Of log-normal weights the logarithm of the mean is half the squared spread."""
    g = torch.Generator().manual_seed(0)
    above = 0
    for _ in range(50):
        w = spread * torch.randn(100, generator=g).double() - 0.5 * spread**2
        above += bound_below(w) > 0
        w[0] = -1e6
        assert bound_below(w) > -0.5 * spread**2 - spread - 1
    assert above <= 3
