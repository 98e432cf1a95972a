"""Kernels leave their target invariant: exact moments and detailed balance."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.calculus import count_evaluations
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.samplers import Sampler
from ebmbench.samplers.hmc import HMC
from ebmbench.samplers.langevin import Langevin
from ebmbench.samplers.mala import MALA
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import Model, target_of

ZScore = Callable[[Tensor], float]

SCALE = torch.tensor([0.7, 1.2], dtype=torch.float64)
ADJUSTED: dict[str, tuple[Callable[[], Sampler], float]] = {
    "mala": (MALA, 0.7),
    "hmc": (lambda: HMC(3), 0.9),
    "hmc-scaled": (lambda: HMC(2, SCALE), 0.7),
}
"""A kernel and a step size at which a good part of its proposals is refused."""


def gaussian(variance: float) -> Model:
    return Model(lambda x: (-0.5 * (x * x).sum(-1) / variance, -x / variance))


def odd_and_even(x: Tensor) -> tuple[Tensor, Tensor]:
    return torch.sin(1.3 * x[:, 0] + x[:, 1]), torch.cos(x[:, 0]) * x[:, 1] ** 2


@pytest.mark.parametrize("name", list(ADJUSTED))
def test_one_step_keeps_exact_samples_and_is_reversible(
    name: str, mixture: GaussianMixtureEnergy, z_score: ZScore, generator: torch.Generator
) -> None:
    make, step_size = ADJUSTED[name]
    energy, sampler = mixture, make()
    target = target_of(energy)
    start = target.evaluate(energy.sample(25_000, generator))
    end, info = sampler.step(start, target, step_size, generator)
    assert 0.3 < float(info.acceptance.mean()) < 0.95
    (f, g), (f_after, g_after) = odd_and_even(start.x), odd_and_even(end.x)
    assert z_score(f_after - f) < 4
    assert z_score(g_after - g) < 4
    assert z_score(f * g_after - g * f_after) < 4


def test_the_check_above_sees_the_bias_of_an_unadjusted_step(
    mixture: GaussianMixtureEnergy, z_score: ZScore, generator: torch.Generator
) -> None:
    energy, sampler = mixture, Langevin()
    target = target_of(energy)
    start = target.evaluate(energy.sample(25_000, generator))
    end, _ = sampler.step(start, target, 0.7, generator)
    assert z_score(odd_and_even(end.x)[1] - odd_and_even(start.x)[1]) > 4.5


@pytest.mark.parametrize("name", list(ADJUSTED))
def test_chains_from_elsewhere_reach_the_moments(
    name: str, mixture: GaussianMixtureEnergy, z_score: ZScore, generator: torch.Generator
) -> None:
    make, step_size = ADJUSTED[name]
    energy, sampler = mixture, make()
    target = target_of(energy)
    x = torch.full((2000, 2), -2.0, dtype=torch.float64)
    sizes = StepSizes.start(step_size, None, x)
    state = run_chains(
        sampler, target.evaluate(x), target, 30, step_sizes=sizes, generator=generator
    ).state
    mean = torch.tensor([0.45, -0.3], dtype=torch.float64)
    # The moments of a mixture: Σ w (C + m m').
    second = torch.tensor([[0.7 + 0.3 * 2.55, -0.03], [-0.03, 0.7 + 0.3 * 1.6]])
    for k in range(2):
        assert z_score(state.x[:, k] - mean[k]) < 4
        for j in range(k + 1):
            assert z_score(state.x[:, k] * state.x[:, j] - second[k, j]) < 4


@pytest.mark.parametrize(("variance", "step_size"), [(1.0, 1.0), (0.25, 0.4), (4.0, 3.0)])
def test_stationary_variance_of_langevin(
    variance: float, step_size: float, z_score: ZScore, generator: torch.Generator
) -> None:
    exact = variance / (1 - step_size**2 / (4 * variance))
    x = torch.empty(20_000, 1, dtype=torch.float64).normal_(generator=generator)
    target = gaussian(variance)
    sampler = Langevin()
    sizes = StepSizes.start(step_size, None, x)
    state = run_chains(
        sampler, target.evaluate(x), target, 40, step_sizes=sizes, generator=generator
    ).state
    assert z_score(state.x[:, 0] ** 2 - exact) < 4
    assert z_score(state.x[:, 0] ** 2 - variance) > 8


@pytest.mark.parametrize(("sampler", "scores"), [(Langevin(), 1), (MALA(), 1), (HMC(6), 6)])
def test_scores_that_a_transition_costs(
    sampler: Sampler, scores: int, mixture: GaussianMixtureEnergy, generator: torch.Generator
) -> None:
    target = target_of(mixture)
    with count_evaluations() as counts:
        state = target.evaluate(torch.zeros(3, 2, dtype=torch.float64))
    assert (counts.energy, counts.score, counts.hvp) == (0, 3, 0)
    with count_evaluations() as counts:
        sampler.step(state, target, 0.1, generator)
    assert (counts.energy, counts.score, counts.hvp) == (0, 3 * scores, 0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("sampler", [Langevin(), MALA(), HMC(2)])
def test_a_proposal_that_is_not_finite_is_refused(
    sampler: Sampler, bad: float, generator: torch.Generator
) -> None:
    def density(x: Tensor) -> tuple[Tensor, Tensor]:
        log_density, score = gaussian(1.0).function(x)
        outside = x[:, 0] > 0.5
        return torch.where(outside, bad, log_density), torch.where(outside[:, None], bad, score)

    target = Model(density)
    x = torch.zeros(200, 2, dtype=torch.float64)
    state = target.evaluate(x)
    refused = 0
    for _ in range(5):
        state, info = sampler.step(state, target, 0.8, generator)
        refused += int(info.divergent.sum())
        assert bool(torch.isfinite(state.x).all())
        assert bool((state.x[:, 0] <= 0.5).all())
        assert bool(torch.isfinite(state.score).all())
        assert bool(torch.isfinite(info.acceptance).all())
    assert bool((state.x != 0).any())
    assert refused > 0 or bad == float("-inf")


@pytest.mark.parametrize(("sampler", "wanted"), [(MALA(), 0.57), (HMC(3), 0.8)])
@pytest.mark.parametrize("start", [0.01, 20.0])
def test_the_step_size_finds_the_acceptance(
    sampler: Sampler, wanted: float, start: float, generator: torch.Generator
) -> None:
    target = gaussian(2.0)
    x = torch.empty(200, 3, dtype=torch.float64).normal_(generator=generator)
    state = target.evaluate(2**0.5 * x)
    sizes = StepSizes.start(start, wanted, x)
    adapted = run_chains(
        sampler,
        state,
        target,
        150,
        step_sizes=sizes,
        generator=generator,
        target_acceptance=wanted,
        gain=0.3,
    )
    kept = run_chains(
        sampler, adapted.state, target, 20, step_sizes=adapted.step_sizes, generator=generator
    )
    assert float(kept.acceptance) == pytest.approx(wanted, abs=0.05)
    assert kept.step_sizes == adapted.step_sizes
