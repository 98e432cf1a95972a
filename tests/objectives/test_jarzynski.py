"""Weighted walkers give the model's moments and ``log Z`` where plain chains lag behind."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.jarzynski import JarzynskiReweighting, Walkers
from ebmbench.objectives.pcd import PersistentContrastiveDivergence

Make = Callable[..., Energy]
DIM, WALKERS, STEPS = 5, 4000, 40


def sharpened(k: int) -> float:
    """The precision of step ``k``: from 1 to 4."""
    return 1 + 3 * k / (STEPS - 1)


def standard_rows(generator: torch.Generator) -> Tensor:
    return torch.empty(WALKERS, DIM, dtype=torch.float64).normal_(generator=generator)


@pytest.mark.parametrize("resample_below", [0.0, 0.5])
def test_walkers_that_hardly_move_keep_up_with_a_sharpening_model(
    resample_below: float, gaussian_energy: Make, generator: torch.Generator
) -> None:
    rows = standard_rows(generator)
    # One small step a change: plain chains keep almost the variance that they began with.
    objective = JarzynskiReweighting(
        steps=1, step_size=0.05, walkers=WALKERS, resample_below=resample_below
    )
    energy = gaussian_energy([0.0] * DIM, [1.0] * DIM)
    state = objective.init(energy, rows, generator)
    lowest = 1.0
    for k in range(STEPS):
        with torch.no_grad():
            energy.get_parameter("precision").fill_(sharpened(k))
        step = objective.loss(energy, rows, state, generator)
        state, lowest = step.state, min(lowest, float(step.info["effective_share"]))
    exact = 0.5 * DIM * math.log(2 * math.pi / 4)
    w = torch.softmax(state.log_weights, 0)
    second = float((w @ state.x.square()).mean())
    effective = 1 / float(w.square().sum())
    assert float(objective.own_log_z(energy, state)) == pytest.approx(exact, abs=0.1)
    assert second == pytest.approx(0.25, abs=4 * 0.25 * math.sqrt(2 / (DIM * effective)))
    if resample_below:
        assert lowest > 0.3
    else:
        assert float(state.x.square().mean()) > 0.4


def test_persistent_chains_without_weights_lag_behind(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """The counterpart of the test above: the same walk, unweighted."""
    rows = standard_rows(generator)
    objective = PersistentContrastiveDivergence(
        steps=1, step_size=0.05, sampler="mala", buffer=WALKERS, restart=0.0
    )
    energy = gaussian_energy([0.0] * DIM, [1.0] * DIM)
    state = objective.init(energy, rows, generator)
    for k in range(STEPS):
        with torch.no_grad():
            energy.get_parameter("precision").fill_(sharpened(k))
        state = objective.loss(energy, rows, state, generator).state
    assert float(state.chains.square().mean()) > 0.4


def test_the_gradient_is_that_of_the_likelihood_with_frozen_walkers(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Walkers of N(0, 1) that cannot move, and a model N(0, 1/2): the weights do it all."""
    rows = standard_rows(generator)
    energy = gaussian_energy([0.0] * DIM, [2.0] * DIM)
    objective = JarzynskiReweighting(steps=1, step_size=1e-12, walkers=WALKERS, resample_below=0.0)
    draws = []
    for _ in range(20):
        state = objective.init(energy, rows, generator)
        loss = objective.loss(energy, rows, state, generator).loss
        draws.append(torch.autograd.grad(loss, energy.get_parameter("precision"))[0])
    values = torch.stack(draws)
    exact = 0.5 * rows.square().mean(0) - 0.5 / 2.0
    error = (values.mean(0) - exact) / (values.std(0) / math.sqrt(20))
    assert float(error.abs().max()) < 4


def test_log_z_is_that_of_the_energy_at_hand(
    gaussian_energy: Make, generator: torch.Generator
) -> None:
    """Averaged weights are not those of the last step; the walkers are weighted anew."""
    rows = standard_rows(generator)
    objective = JarzynskiReweighting(walkers=WALKERS)
    energy = gaussian_energy([0.0] * DIM, [1.5] * DIM)
    state: Walkers = objective.init(energy, rows, generator)
    state = objective.loss(energy, rows, state, generator).state
    for precision in (1.5, 1.7):
        with torch.no_grad():
            energy.get_parameter("precision").fill_(precision)
        exact = 0.5 * DIM * math.log(2 * math.pi / precision)
        assert float(objective.own_log_z(energy, state)) == pytest.approx(exact, abs=0.05)
