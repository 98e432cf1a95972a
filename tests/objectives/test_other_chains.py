"""Chain objectives beyond CD: short runs, tempered ladders, and rows weighed by their density."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.objectives.blocks import Blocks
from ebmbench.objectives.cd_short import ShortRunChains
from ebmbench.objectives.pcd_pt import Ladders, ParallelTemperingContrastiveDivergence
from ebmbench.objectives.persistent import PersistentChains
from ebmbench.objectives.ps_cd import PseudoSphericalContrastiveDivergence
from ebmbench.samplers.step_sizes import StepSizes

Make = Callable[..., Energy]


def normal(n: int, d: int, generator: torch.Generator) -> Tensor:
    return torch.empty(n, d, dtype=torch.float64).normal_(generator=generator)


def short_run_variance(precision: float, steps: int, eps: float, start: float) -> float:
    """Variance of the end of a chain on N(0, 1 / λ): ``v ← (1 - ε²λ/2)² v + ε²``."""
    v = start
    for _ in range(steps):
        v = (1 - 0.5 * eps**2 * precision) ** 2 * v + eps**2
    return v


def test_short_runs_match_moments_and_not_the_density(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """The precision at which chains of five steps end with the data's variance has gradient 0."""
    steps, eps, variance = 5, 0.4, 0.6
    low, high = 0.1, 10.0
    for _ in range(60):
        mid = 0.5 * (low + high)
        wide = short_run_variance(mid, steps, eps, 1.5**2) > variance
        low, high = (mid, high) if wide else (low, mid)
    # far from the data's own precision: the energy is no density of the data
    assert low > 1.3 / variance
    rows = math.sqrt(variance) * normal(40_000, 1, generator)
    rows = rows * (variance / rows.square().mean()).sqrt()
    objective = ShortRunChains(steps=steps, step_size=eps, data_noise=0.0)
    energy = gaussian_energy([0.0], [low])
    draws = []
    for _ in range(40):
        step = objective.loss(energy, rows, objective.init(energy, rows, generator), generator)
        draws.append(torch.autograd.grad(step.loss, energy.get_parameter("precision"))[0])
    values = torch.cat(draws)
    assert abs(float(values.mean())) < 4 * float(values.std()) / math.sqrt(40)
    assert float(values.std()) / math.sqrt(40) < 2e-3
    sampler = objective.own_sampler(energy, step.state)
    assert not sampler.exact
    ends = sampler.draw(40_000, generator)
    assert float(ends.square().mean()) == pytest.approx(variance, rel=0.04)


def test_tempered_ladders_find_the_shares_of_separated_modes(
    generator: torch.Generator,
) -> None:
    """Chains of PCD stay where they are; those of the ladders change modes."""
    energy = GaussianMixtureEnergy(
        torch.tensor([0.2, 0.8]).double(),
        torch.tensor([[-4.0, 0.0], [2.0, 0.0]]).double(),
        torch.full((2,), 0.1).double(),
    )
    batch = torch.zeros(300, 2, dtype=torch.float64)
    objective = ParallelTemperingContrastiveDivergence(rungs=4, steps=2, buffer=300)
    state: Ladders = objective.init(energy, batch, generator)
    # every chain starts in the wrong mode
    wrong = torch.full_like(state.chains, -4.0)
    wrong[..., 1] = 0
    state = Ladders(wrong, state.log_gaps, state.step_sizes)
    sizes = StepSizes.start(0.3, 0.6, batch)
    plain = PersistentChains(Blocks.of(wrong[-1]), sizes)
    shares = []
    for k in range(180):
        step = objective.loss(energy, batch, state, generator)
        state = step.state
        if k >= 80:
            shares.append((state.chains[-1, :, 0] > -1).double().mean())
        if k < 80:
            plain = plain.advanced(energy, 300, generator, sampler="mala", steps=8, restart=0.0)[1]
    assert float(torch.stack(shares).mean()) == pytest.approx(0.8, abs=0.03)
    assert float((plain.chains[:, 0] > -1).double().mean()) < 0.01
    assert float(step.info["swap_rate"]) > 0.2
    betas = state.betas
    assert (float(betas[0]), float(betas[-1])) == (0.0, 1.0)
    assert bool((betas.diff() > 0).all())


@pytest.mark.parametrize("gamma", [0.01, 0.5, 2.0])
def test_the_pseudo_spherical_gradient_vanishes_at_the_truth(
    gamma: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Data from N(0, 1), models N(0, 1/λ): the weighted second moments have a closed form."""
    rows = normal(200_000, 1, generator)
    slopes = {}
    for precision in (0.8, 1.0, 1.25):
        energy = gaussian_energy([0.0], [precision])
        chains = normal(200_000, 1, generator) / math.sqrt(precision)
        objective = PseudoSphericalContrastiveDivergence(
            gamma=gamma, steps=1, step_size=1e-9, sampler="langevin", restart=0.0
        )
        state = PersistentChains(Blocks.of(chains), StepSizes.start(1e-9, None, chains))
        loss = objective.loss(energy, rows, state, generator).loss
        slopes[precision] = float(torch.autograd.grad(loss, energy.get_parameter("precision"))[0])
        # under N(0, v) the mean of x² weighed by exp(-γλx²/2) is 1 / (1/v + γλ)
        exact = 0.5 / (1 + gamma * precision) - 0.5 / (precision * (1 + gamma))
        assert slopes[precision] == pytest.approx(exact, abs=0.004)
    assert slopes[0.8] < -0.007
    assert slopes[1.25] > 0.007


def test_outliers_lose_their_pull_under_the_pseudo_spherical_score(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Five in a hundred rows at 8: likelihood fits their variance, ``γ = 0.5`` the others."""
    rows = normal(20_000, 1, generator)
    rows[:1000] = 8.0
    found = {}
    for gamma in (0.01, 0.5):
        energy = gaussian_energy([0.0], [0.5])
        objective = PseudoSphericalContrastiveDivergence(
            gamma=gamma, steps=1, step_size=1e-9, sampler="langevin", restart=0.0
        )
        parameters = list(energy.parameters())
        adam = torch.optim.Adam(parameters, 0.05)
        for _ in range(200):
            m, precision = (each.detach() for each in parameters)
            # exact samples of the model in place of chains
            chains = m + normal(2000, 1, generator) / precision.sqrt()
            state = PersistentChains(Blocks.of(chains), StepSizes.start(1e-9, None, chains))
            index = torch.randint(len(rows), (2000,), generator=generator)
            adam.zero_grad()
            objective.loss(energy, rows[index], state, generator).loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
        found[gamma] = [float(each.detach()) for each in parameters]
    assert found[0.5] == pytest.approx([0.0, 1.0], abs=0.12)
    mean, precision = found[0.01]
    assert mean == pytest.approx(0.38, abs=0.08)
    assert precision == pytest.approx(0.26, abs=0.06)
