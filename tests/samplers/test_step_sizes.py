"""Groups of step sizes: exact rule, no dead chains where one step size leaves them, invariance."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.samplers.mala import MALA
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import SETTLING, TOLERATED, URGENCY, StepSizes
from ebmbench.samplers.target import Model, target_of

ZERO = torch.zeros((), dtype=torch.float64)


def test_the_rule_by_hand() -> None:
    before = StepSizes(torch.tensor([1.0, 2.0, 3.0]).double(), ZERO + SETTLING)
    groups = before.groups(4, turn=2)
    assert groups.tolist() == [2, 0, 1, 2]
    assert before.of(groups).tolist() == [[3.0], [1.0], [2.0], [3.0]]
    after = before.adapted(torch.tensor([0.5, 0.9, 0.1, 0.7]).double(), groups, 0.6, 0.1)
    errors = [0.9 - 0.4, 0.1 - 0.6, 0.6 - 0.8]
    for j, size in enumerate([1.0, 2.0, 3.0]):
        # the gain has halved
        assert float(after.sizes[j]) == pytest.approx(size * math.exp(0.05 * errors[j]))
    assert float(after.age) == SETTLING + 1
    # one of ten chains is refused; the mean alone, 0.9, would ask for a longer step
    groups = torch.full((10,), 2)
    acceptance = torch.tensor([0.04, *[1.0] * 9]).double()
    after = before.adapted(acceptance, groups, 0.6, 0.1)
    error = (TOLERATED - 0.1) / URGENCY
    assert after.sizes[:2].tolist() == [1.0, 2.0]
    assert float(after.sizes[2]) == pytest.approx(3 * math.exp(0.05 * error))


def test_a_group_without_chains_and_a_kernel_without_acceptance_stay() -> None:
    sizes = StepSizes.start(0.5, 0.6, ZERO)
    after = sizes.adapted(torch.ones(1).double(), sizes.groups(1, 1), 0.6, 0.1)
    assert after.sizes[[0, 2]].tolist() == [0.5, 0.5]
    assert float(after.sizes[1]) > 0.5
    assert StepSizes.start(0.5, None, ZERO).sizes.tolist() == [0.5]


def steep_and_flat(x: Tensor) -> tuple[Tensor, Tensor]:
    """``-x⁴ - y²/200``: Langevin steps from far out on the steep side are all refused."""
    log_density = -(x[:, 0] ** 4) - x[:, 1] ** 2 / 200
    return log_density, torch.stack([-4 * x[:, 0] ** 3, -x[:, 1] / 100], 1)


def test_chains_that_one_step_size_leaves_dead_come_alive(generator: torch.Generator) -> None:
    target = Model(steep_and_flat)
    x = torch.empty(300, 2, dtype=torch.float64).normal_(generator=generator)
    x[:60, 0] = 12.0
    dead = {}
    for groups in (1, 3):
        sizes = StepSizes(torch.full((groups,), 0.3).double(), ZERO)
        state = target.evaluate(x)
        for _ in range(60):
            trace = run_chains(
                MALA(),
                state,
                target,
                10,
                step_sizes=sizes,
                generator=generator,
                target_acceptance=0.6,
            )
            state, sizes = trace.state, trace.step_sizes
        dead[groups] = float(trace.dead)
        assert float(trace.acceptance) > 0.5
    assert dead[1] > 0.15
    assert dead[3] < 0.01


def test_the_cycle_of_groups_keeps_exact_samples(
    mixture: GaussianMixtureEnergy, z_score: Callable[[Tensor], float], generator: torch.Generator
) -> None:
    target = target_of(mixture)
    start = mixture.sample(25_000, generator)
    sizes = StepSizes(torch.tensor([1.2, 0.7, 0.2]).double(), ZERO)
    trace = run_chains(
        MALA(), target.evaluate(start), target, 4, step_sizes=sizes, generator=generator
    )
    assert trace.step_sizes is sizes
    for k in range(2):
        assert z_score(trace.state.x[:, k] ** 2 - start[:, k] ** 2) < 4
