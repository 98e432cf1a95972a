"""Everything that is timed, built in one place.

A training step is zeroing the gradient, the loss, backward and Adam, on a batch that is resident
in memory. The same network, batch, noise level and chain lengths serve all implementations:

- ``ours``: the objectives of the registry with :class:`ebmbench.optim.FlatAdam`;
- ``plain``: what one writes by hand in PyTorch: double backward, ``torch.optim.Adam``;
- ``torchebm``: torchebm 0.8.9 set so that it computes the same thing (no energy penalty in CD, one
  projection in SSM, the exact trace in SM), ``torch.optim.Adam``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn

from ebmbench.energies.mlp import MLPEnergy
from ebmbench.objectives.base import Objective
from ebmbench.optim import FlatAdam
from ebmbench.options import build
from ebmbench.partition.annealing import anneal, pilot
from ebmbench.partition.law import GaussianLaw
from ebmbench.registry import OBJECTIVES, SAMPLERS
from ebmbench.samplers.hmc import HMC
from ebmbench.samplers.run import run_chains
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
    Jacobian go through all layers but the first, :mod:`ebmbench.calculus.laplacian`.
    """
    if name == "sm":
        behind = 1 - size.dim * size.hidden[0] / size.multiplications
        return 3 * (2 + min(size.dim, size.hidden[0]) * behind)
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
    energy, batch, noise = network(size), rows(size), torch.Generator().manual_seed(3)
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


def plain(name: str, size: Size) -> Action:
    """Return one training step as written by hand with autograd."""
    energy, batch = network(size), rows(size)
    log_z = nn.Parameter(torch.zeros(()))
    adam = torch.optim.Adam([*energy.parameters(), log_z], lr=LEARNING_RATE)
    loss = PLAIN[name]
    buffer = torch.randn(10_000, size.dim)
    return _stepper(adam, lambda: loss(energy, batch, log_z, buffer))


def torchebm(name: str, size: Size) -> Action:
    """Return one training step of torchebm."""
    from torchebm import losses, samplers
    from torchebm.core import BaseModel

    class Model(BaseModel):  # type: ignore[misc]
        def __init__(self, energy: MLPEnergy) -> None:
            super().__init__()
            self.energy = energy

        def forward(self, x: Tensor) -> Tensor:
            return self.energy(x)  # type: ignore[no-any-return]

    energy, batch = network(size), rows(size)
    model = Model(energy)
    adam = torch.optim.Adam(energy.parameters(), lr=LEARNING_RATE)
    if name == "mle-mcmc":
        hmc = samplers.HamiltonianMonteCarlo(model, STEP_SIZE, n_leapfrog_steps=LEAPFROG)

        def likelihood() -> Tensor:
            x = hmc.sample(x=torch.randn_like(batch), n_steps=TRANSITIONS)
            return _contrast(energy, batch, x.detach())

        return _stepper(adam, likelihood)
    if name in ("cd-1", "cd-10", "pcd"):
        # its step size is the tutorial's ε²/2
        langevin = samplers.LangevinDynamics(model, step_size=0.5 * STEP_SIZE**2)
        divergence = losses.ContrastiveDivergence(
            model,
            langevin,
            k_steps=1 if name == "cd-1" else 10,
            persistent=name == "pcd",
            energy_reg_weight=0.0,
        )
        return _stepper(adam, lambda: divergence(batch)[0])
    made = {
        "dsm": lambda: losses.DenoisingScoreMatching(model, noise_scale=SIGMA),
        "ssm": lambda: losses.SlicedScoreMatching(model, n_projections=1),
        "sm": lambda: losses.ScoreMatching(model, hessian_method="exact"),
    }[name]()
    return _stepper(adam, lambda: made(batch))


def _stepper(adam: torch.optim.Optimizer, loss: Callable[[], Tensor]) -> Action:
    def step() -> Tensor:
        adam.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        adam.step()
        return value

    return step


def _score(energy: MLPEnergy, x: Tensor, create_graph: bool) -> Tensor:
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(energy(x).sum(), x, create_graph=create_graph)
    return -gradient


def _plain_dsm(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    z = torch.randn_like(x)
    s = _score(energy, x + SIGMA * z, create_graph=True)
    return 0.5 * ((SIGMA * s + z) ** 2).sum(1).mean()


def _directional(energy: MLPEnergy, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    v = torch.randn_like(x).sign()
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(energy(x).sum(), x, create_graph=True)
    (product,) = torch.autograd.grad((gradient * v).sum(), x, create_graph=True)
    return -gradient, v, -(product * v).sum(1)


def _plain_ssm(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    s, v, second = _directional(energy, x)
    return (0.5 * (s * v).sum(1) ** 2 + second).mean()


def _plain_ssm_vr(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    s, _v, second = _directional(energy, x)
    return (0.5 * (s * s).sum(1) + second).mean()


def _plain_fd_ssm(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    v = torch.randn_like(x).sign()
    points = torch.cat([x + EPSILON * v, x, x - EPSILON * v])
    ahead, here, behind = (-energy(points)).reshape(3, -1).unbind()
    first = (ahead - behind) / (2 * EPSILON)
    second = (ahead + behind - 2 * here) / EPSILON**2
    loss: Tensor = (0.5 * first * first + second).mean()
    return loss


def _plain_sm(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(energy(x).sum(), x, create_graph=True)
    trace = torch.zeros(len(x))
    for i in range(x.shape[1]):
        (row,) = torch.autograd.grad(gradient[:, i].sum(), x, create_graph=True)
        trace = trace - row[:, i]
    return (0.5 * (gradient * gradient).sum(1) + trace).mean()


@cache
def _plain_noise(dim: int) -> torch.distributions.MultivariateNormal:
    return torch.distributions.MultivariateNormal(torch.zeros(dim), torch.eye(dim))


def _plain_nce(energy: MLPEnergy, x: Tensor, log_z: Tensor, *_: Tensor) -> Tensor:
    noise = _plain_noise(x.shape[1])
    both = torch.cat([x, noise.sample((len(x),))])
    logit = -energy(both) - log_z - noise.log_prob(both)  # type: ignore[no-untyped-call]
    labels = torch.cat([torch.ones(len(x)), torch.zeros(len(x))])
    return 2 * nn.functional.binary_cross_entropy_with_logits(logit, labels)


def _langevin(energy: MLPEnergy, x: Tensor, steps: int) -> Tensor:
    for _ in range(steps):
        s = _score(energy, x, create_graph=False)
        x = x.detach() + 0.5 * STEP_SIZE**2 * s + STEP_SIZE * torch.randn_like(x)
    return x


def _contrast(energy: MLPEnergy, x: Tensor, negatives: Tensor) -> Tensor:
    return energy(x).mean() - energy(negatives).mean()  # type: ignore[no-any-return]


def _plain_cd_1(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    return _contrast(energy, x, _langevin(energy, x, 1))


def _plain_cd_10(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    return _contrast(energy, x, _langevin(energy, x, 10))


def _plain_pcd(energy: MLPEnergy, x: Tensor, _: Tensor, buffer: Tensor) -> Tensor:
    index = torch.randint(len(buffer), (len(x),))
    negatives = _langevin(energy, buffer[index], 10)
    buffer[index] = negatives
    return _contrast(energy, x, negatives)


def _hmc(energy: MLPEnergy, x: Tensor, transitions: int) -> Tensor:
    for _ in range(transitions):
        momentum = torch.randn_like(x)
        position, p = x, momentum + 0.5 * STEP_SIZE * _score(energy, x, create_graph=False)
        for k in range(LEAPFROG):
            position = position + STEP_SIZE * p
            half = 0.5 if k + 1 == LEAPFROG else 1.0
            p = p + half * STEP_SIZE * _score(energy, position, create_graph=False)
        with torch.no_grad():
            before = energy(x) + 0.5 * (momentum * momentum).sum(1)
            after = energy(position) + 0.5 * (p * p).sum(1)
            accepted = torch.rand(len(x)).log() < before - after
            x = torch.where(accepted[:, None], position, x)
    return x


def _plain_mle(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    return _contrast(energy, x, _hmc(energy, torch.randn_like(x), TRANSITIONS))


PLAIN: dict[str, Callable[[MLPEnergy, Tensor, Tensor, Tensor], Tensor]] = {
    "dsm": _plain_dsm,
    "ssm": _plain_ssm,
    "ssm-vr": _plain_ssm_vr,
    "fd-ssm": _plain_fd_ssm,
    "sm": _plain_sm,
    "nce": _plain_nce,
    "cd-1": _plain_cd_1,
    "cd-10": _plain_cd_10,
    "pcd": _plain_pcd,
    "mle-mcmc": _plain_mle,
}
TORCHEBM = ("dsm", "ssm", "sm", "cd-1", "cd-10", "pcd", "mle-mcmc")
"""What torchebm 0.8.9 has."""


def our_chains(name: str, size: Size) -> Action:
    """Return :data:`CHAIN_STEPS` transitions of a registered sampler from a standard normal."""
    energy, x, noise = network(size), rows(size), torch.Generator().manual_seed(3)
    energy.requires_grad_(False)
    sampler = HMC(LEAPFROG) if name == "hmc" else SAMPLERS.get(name)()
    target, step_size = target_of(energy), torch.tensor(STEP_SIZE)

    def chains() -> Tensor:
        start = sampler.init(x, target)
        return run_chains(sampler, start, target, CHAIN_STEPS, step_size, noise).state.x

    return chains


def torchebm_chains(name: str, size: Size) -> Action:
    """Return as many transitions of torchebm's sampler."""
    from torchebm import samplers
    from torchebm.core import BaseModel

    class Model(BaseModel):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.energy = network(size).requires_grad_(False)

        def forward(self, x: Tensor) -> Tensor:
            return self.energy(x)  # type: ignore[no-any-return]

    model, x = Model(), rows(size)
    if name == "hmc":
        sampler = samplers.HamiltonianMonteCarlo(model, STEP_SIZE, n_leapfrog_steps=LEAPFROG)
    else:
        sampler = samplers.LangevinDynamics(model, step_size=0.5 * STEP_SIZE**2)
    return lambda: sampler.sample(x=x, n_steps=CHAIN_STEPS)


def our_annealing(size: Size) -> Action:
    """Return annealed importance sampling, :data:`ANNEALING`, from the reference of the energy."""
    temperatures, chains = ANNEALING
    energy, noise = network(size).requires_grad_(False), torch.Generator().manual_seed(3)
    law = GaussianLaw.of_reference(energy)
    learned = pilot(energy, law, noise)
    return lambda: anneal(energy, law, learned, temperatures, chains, noise, leapfrog=LEAPFROG)


def repeat(action: Action, times: int) -> None:
    for _ in range(times):
        action()


def warm(actions: Iterable[Action], times: int = 3) -> None:
    """Run everything lazy once."""
    for action in actions:
        repeat(action, times)
