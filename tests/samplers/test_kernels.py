"""Samplers leave their target invariant: exact moments, detailed balance, reversibility."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.calculus import count_evaluations
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.samplers import ChainState, LogDensityAndScore, Sampler
from ebmbench.samplers.anneal import anneal_chains
from ebmbench.samplers.hmc import HMC, integrate
from ebmbench.samplers.langevin import Langevin
from ebmbench.samplers.mala import MALA
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.target import bridge_of, move_bridge, target_of

SCALE = torch.tensor([0.7, 1.2], dtype=torch.float64)
ADJUSTED: dict[str, tuple[Callable[[], Sampler], float]] = {
    "mala": (MALA, 0.7),
    "hmc": (lambda: HMC(3), 0.9),
    "hmc-scaled": (lambda: HMC(2, SCALE), 0.7),
}
"""A kernel and a step size at which a good part of its proposals is refused."""


def mixture() -> GaussianMixtureEnergy:
    """Two correlated, unequal, overlapping components: nothing about it is symmetric."""
    return GaussianMixtureEnergy(
        torch.tensor([0.7, 0.3]).double(),
        torch.tensor([[0.0, 0.0], [1.5, -1.0]]).double(),
        torch.tensor([[[1.0, 0.6], [0.6, 1.0]], [[0.3, 0.0], [0.0, 0.6]]]).double(),
    )


def quartic(x: Tensor) -> tuple[Tensor, Tensor]:
    """``log p = -Σ x⁴/4 + x₁ x₂/2`` and its gradient, differentiable in ``x``."""
    coupling = 0.5 * x[:, 0] * x[:, 1]
    return coupling - 0.25 * (x**4).sum(-1), 0.5 * x.flip(1) - x**3


def gaussian(variance: float) -> LogDensityAndScore:
    return lambda x: (-0.5 * (x * x).sum(-1) / variance, -x / variance)


def z_score(values: Tensor) -> float:
    """Mean of independent values in units of its standard error."""
    return abs(float(values.mean() / (values.std() / len(values) ** 0.5)))


def odd_and_even(x: Tensor) -> tuple[Tensor, Tensor]:
    return torch.sin(1.3 * x[:, 0] + x[:, 1]), torch.cos(x[:, 0]) * x[:, 1] ** 2


@pytest.mark.parametrize("name", list(ADJUSTED))
def test_one_step_keeps_exact_samples_and_is_reversible(
    name: str, generator: torch.Generator
) -> None:
    make, step_size = ADJUSTED[name]
    energy, sampler = mixture(), make()
    target = target_of(energy)
    start = sampler.init(energy.sample(25_000, generator), target)
    end, info = sampler.step(start, target, step_size, generator)
    assert 0.3 < float(info.acceptance.mean()) < 0.95
    (f, g), (f_after, g_after) = odd_and_even(start.x), odd_and_even(end.x)
    assert z_score(f_after - f) < 4
    assert z_score(g_after - g) < 4
    assert z_score(f * g_after - g * f_after) < 4


def test_the_check_above_sees_the_bias_of_an_unadjusted_step(generator: torch.Generator) -> None:
    energy, sampler = mixture(), Langevin()
    target = target_of(energy)
    start = sampler.init(energy.sample(25_000, generator), target)
    end, _ = sampler.step(start, target, 0.7, generator)
    assert z_score(odd_and_even(end.x)[1] - odd_and_even(start.x)[1]) > 4.5


@pytest.mark.parametrize("name", list(ADJUSTED))
def test_chains_from_elsewhere_reach_the_moments(name: str, generator: torch.Generator) -> None:
    make, step_size = ADJUSTED[name]
    energy, sampler = mixture(), make()
    target = target_of(energy)
    x = torch.full((2000, 2), -2.0, dtype=torch.float64)
    size = torch.tensor(step_size, dtype=torch.float64)
    state = run_chains(sampler, sampler.init(x, target), target, 30, size, generator).state
    mean = torch.tensor([0.45, -0.3], dtype=torch.float64)
    # The moments of a mixture: Σ w (C + m m').
    second = torch.tensor([[0.7 + 0.3 * 2.55, -0.03], [-0.03, 0.7 + 0.3 * 1.6]])
    for k in range(2):
        assert z_score(state.x[:, k] - mean[k]) < 4
        for j in range(k + 1):
            assert z_score(state.x[:, k] * state.x[:, j] - second[k, j]) < 4


@pytest.mark.parametrize(("variance", "step_size"), [(1.0, 1.0), (0.25, 0.4), (4.0, 3.0)])
def test_stationary_variance_of_langevin(
    variance: float, step_size: float, generator: torch.Generator
) -> None:
    exact = variance / (1 - step_size**2 / (4 * variance))
    x = torch.empty(20_000, 1, dtype=torch.float64).normal_(generator=generator)
    target = gaussian(variance)
    sampler = Langevin()
    size = torch.tensor(step_size, dtype=torch.float64)
    state = run_chains(sampler, sampler.init(x, target), target, 40, size, generator).state
    assert z_score(state.x[:, 0] ** 2 - exact) < 4
    assert z_score(state.x[:, 0] ** 2 - variance) > 8


def test_leapfrog_is_reversible_and_keeps_volume(generator: torch.Generator) -> None:
    draws = torch.empty(2, 5, 2, dtype=torch.float64).normal_(generator=generator)
    x, r = draws
    there, end = integrate(ChainState(x, *quartic(x)), r, quartic, 0.1 * SCALE, 7)
    back, start = integrate(there, -end, quartic, 0.1 * SCALE, 7)
    assert (there.x - x).abs().min() > 1e-3
    torch.testing.assert_close(back.x, x)
    torch.testing.assert_close(start, -r)

    def flow(joint: Tensor) -> Tensor:
        at = joint[None, :2]
        moved, momentum = integrate(
            ChainState(at, *quartic(at)), joint[None, 2:], quartic, 0.1 * SCALE, 7
        )
        return torch.cat([moved.x[0], momentum[0]])

    jacobian = torch.autograd.functional.jacobian(flow, torch.cat([x[0], r[0]]))
    assert abs(float(torch.linalg.det(jacobian)) - 1) < 1e-9


def test_leapfrog_conserves_energy_to_second_order() -> None:
    x = torch.tensor([[0.3, -0.8]], dtype=torch.float64)
    r = torch.tensor([[0.5, 1.0]], dtype=torch.float64)
    one = torch.ones(2, dtype=torch.float64)

    def error(steps: int) -> float:
        state = ChainState(x, *quartic(x))
        moved, end = integrate(state, r, quartic, one / steps, steps)
        before = 0.5 * (r * r).sum() - state.log_density
        return abs(float(0.5 * (end * end).sum() - moved.log_density - before))

    assert error(40) / error(80) == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize(("sampler", "scores"), [(Langevin(), 1), (MALA(), 1), (HMC(6), 6)])
def test_scores_that_a_transition_costs(
    sampler: Sampler, scores: int, generator: torch.Generator
) -> None:
    energy = mixture()
    target = target_of(energy)
    with count_evaluations() as counts:
        state = sampler.init(torch.zeros(3, 2, dtype=torch.float64), target)
    assert (counts.energy, counts.score, counts.hvp) == (0, 3, 0)
    with count_evaluations() as counts:
        sampler.step(state, target, 0.1, generator)
    assert (counts.energy, counts.score, counts.hvp) == (0, 3 * scores, 0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("sampler", [Langevin(), MALA(), HMC(2)])
def test_a_proposal_that_is_not_finite_is_refused(
    sampler: Sampler, bad: float, generator: torch.Generator
) -> None:
    def target(x: Tensor) -> tuple[Tensor, Tensor]:
        log_density, score = gaussian(1.0)(x)
        outside = x[:, 0] > 0.5
        return torch.where(outside, bad, log_density), torch.where(outside[:, None], bad, score)

    x = torch.zeros(200, 2, dtype=torch.float64)
    state = sampler.init(x, target)
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
    state = sampler.init(2**0.5 * x, target)
    size = torch.tensor(start, dtype=torch.float64)
    adapted = run_chains(sampler, state, target, 150, size, generator, wanted, gain=0.3)
    kept = run_chains(sampler, adapted.state, target, 20, adapted.step_size, generator)
    assert float(kept.acceptance) == pytest.approx(wanted, abs=0.05)
    assert torch.equal(kept.step_size, adapted.step_size)


@pytest.mark.parametrize(("old", "new"), [(0.2, 0.5), (0.5, 0.5), (0.7, 1.0)])
def test_moving_along_the_bridge_agrees_with_evaluating_there(
    old: float, new: float, generator: torch.Generator
) -> None:
    energy = mixture()
    x = energy.sample(10, generator)
    with count_evaluations() as counts:
        state = ChainState(x, *bridge_of(energy, old)(x))
        moved, slope = move_bridge(state, energy, old, new)
    assert counts.score == 10
    log_density, score = bridge_of(energy, new)(x)
    torch.testing.assert_close(moved.log_density, log_density)
    torch.testing.assert_close(moved.score, score)
    mean, std = energy.reference
    torch.testing.assert_close(slope, 0.5 * ((x - mean) / std).square().sum(-1) - energy(x))


def test_the_bridge_leads_from_the_reference_to_the_model(generator: torch.Generator) -> None:
    energy = mixture()
    x = energy.sample(10, generator)
    mean, std = energy.reference
    torch.testing.assert_close(bridge_of(energy, 0.0)(x)[1], (mean - x) / std**2)
    torch.testing.assert_close(bridge_of(energy, 1.0)(x)[0], -energy(x))


@pytest.mark.parametrize("resample", [False, True])
def test_only_resampling_gives_each_mode_its_share(
    resample: bool, generator: torch.Generator
) -> None:
    means = torch.tensor([[-6.0, 0.0], [4.0, 0.0]]).double()
    energy = GaussianMixtureEnergy(
        torch.tensor([0.2, 0.8]).double(), means, torch.full((2,), 0.04).double()
    )
    mean, std = energy.reference
    x = mean + std * torch.empty(1500, 2, dtype=torch.float64).normal_(generator=generator)
    size = torch.tensor(0.3, dtype=torch.float64)
    trace = anneal_chains(HMC(2, std), energy, x, 40, 20, resample, size, generator, 0.75)
    right = trace.state.x[:, 0] > 0
    assert float(trace.divergent) == 0
    assert bool(torch.isclose(trace.state.log_density, -energy(trace.state.x)).all())
    # The right mode is also the nearer one: by capture alone it gets more than its share.
    share = float(right.double().mean())
    assert (abs(share - 0.8) < 0.05) == resample
    torch.testing.assert_close(trace.state.x[right].mean(0), means[1], atol=0.05, rtol=0)
