"""Everything of ours that is timed, built in one place, and the sizes that all share.

A training step is zeroing the gradient, the loss, backward and Adam, on a batch that is resident
in memory. The same network, batch, noise level and chain lengths serve the other implementations,
:mod:`benchmarks.plain` and :mod:`benchmarks.peer`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ebmbench import catalog
from ebmbench.energies import build_energy
from ebmbench.energies.base import Energy
from ebmbench.energies.mlp import MLPEnergy
from ebmbench.harness.build import make_objective
from ebmbench.objectives.base import Objective
from ebmbench.optim import FlatAdam
from ebmbench.options import build, option_names
from ebmbench.partition.annealing import anneal
from ebmbench.partition.initial import InitialGaussian
from ebmbench.registry import OBJECTIVES, SAMPLERS
from ebmbench.samplers.hmc import HMC
from ebmbench.samplers.pilot import pilot
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of

SIGMA = 0.1
EPSILON = 0.05
STEP_SIZE = 0.1
LEAPFROG = 5
TRANSITIONS = 10
CHAIN_STEPS = 20
ANNEALING = (1000, 1000)
"""Temperatures and chains of annealed importance sampling."""
LEARNING_RATE = 1e-3

Action = Callable[[], object]


@dataclass(frozen=True)
class Size:
    """A network and a batch."""

    dim: int
    hidden: tuple[int, ...]
    batch: int

    @property
    def multiplications(self) -> int:
        """Multiplications of one forward pass of one row."""
        widths = (self.dim, *self.hidden, 1)
        return sum(a * b for a, b in pairwise(widths))


SIZES = {
    "2": Size(2, (128, 128), 256),
    "16": Size(16, (256, 256, 256), 256),
    "63": Size(63, (256, 256, 256), 256),
    "784": Size(784, (512, 512), 128),
}

OPTIONS: dict[str, tuple[str, dict[str, object]]] = {
    "dsm": ("dsm", {"sigma": SIGMA}),
    "ssm": ("ssm", {}),
    "ssm-vr": ("ssm-vr", {}),
    "fd-ssm": ("fd-ssm", {"epsilon": EPSILON}),
    "nce": ("nce", {}),
    "sm": ("sm", {}),
    "cd-1": ("cd", {"steps": 1, "sampler": "langevin", "step_size": STEP_SIZE}),
    "cd-10": ("cd", {"steps": 10, "sampler": "langevin", "step_size": STEP_SIZE}),
    "pcd": ("pcd", {"steps": 10, "sampler": "langevin", "step_size": STEP_SIZE}),
    "mle-mcmc": (
        "mle-mcmc",
        {
            "sampler": "hmc",
            "leapfrog": LEAPFROG,
            "transitions": TRANSITIONS,
            "step_size": STEP_SIZE,
        },
    ),
}
"""The objective and its hyper-parameters by the name of a benchmark."""

CHAINS = ("langevin", "hmc")
"""The samplers that torchebm has too."""


def passes(name: str, size: Size) -> float:
    """Return how many forward passes' worth of matrix products a step or run needs.

    No implementation of the same algorithm can do without: see
    :mod:`ebmbench.calculus.closed_form` and, for the exact trace, where the columns of the
    Jacobian go through all layers but the first, :mod:`ebmbench.calculus.laplacian`, or, of two
    layers on a wide input, :mod:`ebmbench.calculus.gram`.
    """
    if name == "sm":
        behind = 1 - size.dim * size.hidden[0] / size.multiplications
        columns = 3 * min(size.dim, size.hidden[0])
        if len(size.hidden) == 2:
            columns = min(columns, 2 * size.hidden[0])
        return 3 * 2 + columns * behind
    return {
        "dsm": 6,
        "ssm": 9,
        "ssm-vr": 10,
        "fd-ssm": 9,
        "nce": 6,
        "cd-1": 8,
        "cd-10": 26,
        "pcd": 26,
        "mle-mcmc": 2 * (1 + LEAPFROG * TRANSITIONS) + 6,
        "langevin": 2 * (1 + CHAIN_STEPS),
        "hmc": 2 * (1 + CHAIN_STEPS * LEAPFROG),
        "ais": 2 * (1 + ANNEALING[0] * LEAPFROG),
    }[name]


def products(size: Size, n: int) -> Action:
    """Return nothing but the three kinds of matrix product of every layer on ``n`` rows.

    Forward, back to the layer's input, and for its weights: one pass's worth of operations each.
    """
    widths = (size.dim, *size.hidden, 1)
    layers = [
        (torch.randn(b, a), torch.randn(n, a), torch.randn(n, b)) for a, b in pairwise(widths)
    ]

    def multiply() -> None:
        for weight, h, cotangent in layers:
            torch.mm(h, weight.T)
            torch.mm(cotangent, weight)
            torch.mm(cotangent.T, h)

    return multiply


def network(size: Size) -> MLPEnergy:
    """Return the energy at its start, moved off it so that no weight is zero."""
    generator = torch.Generator().manual_seed(1)
    energy = MLPEnergy(
        torch.zeros(size.dim), torch.ones(size.dim), list(size.hidden), generator=generator
    )
    with torch.no_grad():
        for parameter in energy.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=generator))
    return energy


def rows(size: Size) -> Tensor:
    return torch.randn(size.batch, size.dim, generator=torch.Generator().manual_seed(2))


def ours(name: str, size: Size) -> Action:
    """Return one training step of the registered objective."""
    registered, values = OPTIONS[name]
    objective: Objective = build(OBJECTIVES.get(registered), values, "benchmark")
    return training_step(objective, network(size), size)


def of_card(name: str, size: Size) -> Action:
    """Return one training step of a method by its card, on noise levels if it needs them."""
    card = catalog.methods()[name]
    if "flow_steps" in option_names(OBJECTIVES.get(str(card.objective))):
        # What is fitted before the training is no part of its steps.
        values = card.hyperparameters | {"flow_steps": 0}
        card = card.model_copy(update={"hyperparameters": values})
    objective = make_objective(card)
    x = rows(size)
    energy: Energy = network(size)
    if objective.needs_levels:
        energy = build_energy(
            "mlp",
            {"hidden": list(size.hidden)},
            x,
            torch.Generator().manual_seed(1),
            levels=objective.ladder(x.repeat(8, 1)),
        )
    return training_step(objective, energy, size)


def training_step(objective: Objective, energy: Energy, size: Size) -> Action:
    """Return a step of an objective on an energy: gradient to zero, loss, backward, Adam."""
    batch, noise = rows(size), torch.Generator().manual_seed(3)
    state = objective.init(energy, batch.repeat(8, 1), noise)
    adam = FlatAdam([*energy.parameters(), *state.learned.values()], LEARNING_RATE)

    def step() -> Tensor:
        nonlocal state
        adam.zero_grad()
        outcome = objective.loss(energy, batch, state, noise)
        outcome.loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        state = outcome.state
        return outcome.loss

    return step


def our_chains(name: str, size: Size) -> Action:
    """Return :data:`CHAIN_STEPS` transitions of a registered sampler from a standard normal."""
    energy, x, noise = network(size), rows(size), torch.Generator().manual_seed(3)
    energy.requires_grad_(False)
    sampler = HMC(LEAPFROG) if name == "hmc" else SAMPLERS.get(name)()
    target = target_of(energy)
    sizes = StepSizes.start(STEP_SIZE, None, x)

    def chains() -> Tensor:
        start = target.evaluate(x)
        return run_chains(
            sampler, start, target, CHAIN_STEPS, step_sizes=sizes, generator=noise
        ).state.x

    return chains


def our_transition(name: str, size: Size) -> Action:
    """Return one of the transitions of :func:`our_chains`, always from the same state."""
    energy, noise = network(size).requires_grad_(False), torch.Generator().manual_seed(3)
    sampler = HMC(LEAPFROG) if name == "hmc" else SAMPLERS.get(name)()
    target, step_size = target_of(energy), torch.tensor(STEP_SIZE)
    start = target.evaluate(rows(size))
    return lambda: sampler.step(start, target, step_size, noise)


def our_annealing(size: Size) -> Action:
    """Return annealed importance sampling, :data:`ANNEALING`, from the reference of the energy."""
    temperatures, chains = ANNEALING
    energy, noise = network(size).requires_grad_(False), torch.Generator().manual_seed(3)
    bridge = InitialGaussian.of_reference(energy).bridge_to(energy)
    path = pilot(bridge, noise)
    return lambda: anneal(bridge, path, temperatures, chains, generator=noise, leapfrog=LEAPFROG)


def repeat(action: Action, times: int) -> None:
    for _ in range(times):
        action()
