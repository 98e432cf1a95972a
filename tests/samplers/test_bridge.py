"""The path is linear in ``β``, leads from the Gaussian to the model, and moves for nothing."""

import math

import pytest
import torch
from torch import Tensor

from ebmbench.calculus import count_evaluations
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import InitialGaussian
from ebmbench.samplers.bridge import Bridge, ReferenceGaussian, StandardNormal
from ebmbench.samplers.target import target_of


def bridges(energy: GaussianMixtureEnergy) -> list[Bridge[ReferenceGaussian | StandardNormal]]:
    factor = torch.tensor([[1.3, 0.0], [-0.4, 0.8]]).double()
    wide = InitialGaussian(torch.tensor([0.2, -0.1]).double(), factor)
    return [Bridge(ReferenceGaussian.of(energy), target_of(energy)), wide.bridge_to(energy)]


@pytest.mark.parametrize("which", [0, 1])
def test_targets_are_linear_in_beta_and_cost_nothing(
    which: int, mixture: GaussianMixtureEnergy, generator: torch.Generator
) -> None:
    bridge = bridges(mixture)[which]
    with count_evaluations() as counts:
        state = bridge.evaluate(bridge.initial.draw(10, generator).double())
        ends, middle = (bridge.at(0.0), bridge.at(1.0)), bridge.at(0.3)
        log_densities, scores = (
            [getattr(target, name)(state) for target in (*ends, middle)]
            for name in ("log_density", "score")
        )
    assert (counts.score, counts.energy) == (10, 0)
    for start, end, between in (log_densities, scores):
        torch.testing.assert_close(between, 0.7 * start + 0.3 * end)
    torch.testing.assert_close(log_densities[1] - log_densities[0], bridge.slope(state))
    each = bridge.at(torch.full((10,), 0.3).double())
    torch.testing.assert_close(each.log_density(state), log_densities[2])
    torch.testing.assert_close(each.score(state), scores[2])


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_the_score_is_the_gradient_of_the_log_density(
    which: int, beta: float, mixture: GaussianMixtureEnergy, generator: torch.Generator
) -> None:
    bridge = bridges(mixture)[which]
    target = bridge.at(beta)
    x = bridge.initial.draw(4, generator).double()

    def log_density(at: Tensor) -> Tensor:
        return target.log_density(bridge.evaluate(at))

    exact, step = target.score(bridge.evaluate(x)), 1e-6
    for k in range(2):
        shift = torch.zeros(2).double()
        shift[k] = step
        found = (log_density(x + shift) - log_density(x - shift)) / (2 * step)
        torch.testing.assert_close(found, exact[:, k], rtol=1e-6, atol=1e-7)


def test_it_leads_from_the_reference_to_the_model(
    mixture: GaussianMixtureEnergy, generator: torch.Generator
) -> None:
    bridge = bridges(mixture)[0]
    state = bridge.evaluate(mixture.sample(10, generator))
    mean, std = mixture.reference.mean, mixture.reference.std
    torch.testing.assert_close(bridge.at(0.0).score(state), (mean - state.x) / std**2)
    torch.testing.assert_close(bridge.at(1.0).log_density(state), -mixture(state.x))
    torch.testing.assert_close(bridge.model.log_density(state), -mixture(state.x))


def test_the_precision_is_that_of_the_gaussian(mixture: GaussianMixtureEnergy) -> None:
    energy = mixture.float()
    single, double = bridges(energy)[0], InitialGaussian.of_reference(energy).bridge_to(energy)
    for bridge, dtype in ((single, torch.float32), (double, torch.float64)):
        state = bridge.evaluate(torch.zeros(3, 2))
        assert bridge.slope(state).dtype == bridge.at(1.0).log_density(state).dtype == dtype
        assert bridge.at(0.5).score(state).dtype == torch.float32


def test_the_normaliser_of_a_gaussian_in_other_coordinates() -> None:
    normal = StandardNormal(3, torch.zeros(3), math.log(2.5))
    exact = torch.distributions.MultivariateNormal(torch.zeros(3), torch.eye(3) * 2.5 ** (2 / 3))
    assert normal.log_z == pytest.approx(-float(exact.log_prob(torch.zeros(3))), abs=1e-5)
