"""Weighted walkers give the model's moments and ``log Z`` where plain chains lag behind."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.objectives.jarzynski import JarzynskiReweighting, Walkers
from ebmbench.objectives.pcd import PersistentContrastiveDivergence
from ebmbench.optim import FlatAdam

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


def test_log_z_of_a_trained_network_is_within_its_own_error(generator: torch.Generator) -> None:
    """After 200 steps of Adam on three separated modes, against a sum over a grid."""
    centres = torch.tensor([[-4.0, 0.0], [3.0, 3.0], [3.0, -3.0]])
    weights = torch.tensor([0.7, 0.2, 0.1])
    chosen = torch.multinomial(weights, 5000, replacement=True, generator=generator)
    rows = centres[chosen] + 0.5 * torch.empty(5000, 2).normal_(generator=generator)
    energy = MLPEnergy(rows.mean(0), rows.std(0), [32, 32], generator=generator)
    objective = JarzynskiReweighting(steps=4)
    state = objective.init(energy, rows, generator)
    steps = 200
    adam = FlatAdam(
        list(energy.parameters()), 3e-3, schedule="cosine", total_steps=steps, weight_average=0.99
    )
    for _ in range(steps):
        batch = rows[torch.randint(len(rows), (128,), generator=generator)]
        adam.zero_grad()
        step = objective.loss(energy, batch, state, generator)
        step.loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        state = step.state
    adam.adopt_average()
    axis = torch.linspace(-25, 25, 501)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        exact = torch.logsumexp(-energy(grid).double(), 0) + 2 * math.log(float(axis[1] - axis[0]))
        found = float(objective.own_log_z(energy, state))
        change = state.log_weights + state.energies - energy(state.x)
        # neighbours were resampled together, so groups of them are what is nearly independent
        groups = torch.stack([(part - found).exp().mean() for part in change.chunk(20)])
    error = float(groups.std()) / math.sqrt(len(groups))
    assert error < 0.05
    assert abs(found - float(exact)) < 4 * error
    # and the weights of the modes, which no chain can change, are nearly right
    w = torch.softmax(change, 0)
    share = float(w[state.x[:, 0] < -0.5].sum())
    assert share == pytest.approx(0.7, abs=0.1)
