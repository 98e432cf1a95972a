"""The objectives as one writes them by hand: double backward, ``torch.optim.Adam``."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

from benchmarks.callables import (
    EPSILON,
    LEAPFROG,
    LEARNING_RATE,
    SIGMA,
    STEP_SIZE,
    TRANSITIONS,
    Action,
    Size,
    network,
    rows,
)
from ebmbench.energies.mlp import MLPEnergy


def plain(name: str, size: Size) -> Action:
    """Return one training step as written by hand with autograd."""
    energy, batch = network(size), rows(size)
    log_z = nn.Parameter(torch.zeros(()))
    adam = torch.optim.Adam([*energy.parameters(), log_z], lr=LEARNING_RATE)
    loss = PLAIN[name]
    buffer = torch.randn(10_000, size.dim)
    return stepper(adam, lambda: loss(energy, batch, log_z, buffer))


def stepper(adam: torch.optim.Optimizer, loss: Callable[[], Tensor]) -> Action:
    """Return a training step of a loss."""

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


def _dsm(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    z = torch.randn_like(x)
    s = _score(energy, x + SIGMA * z, create_graph=True)
    return 0.5 * ((SIGMA * s + z) ** 2).sum(1).mean()


def _directional(energy: MLPEnergy, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    v = torch.randn_like(x).sign()
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(energy(x).sum(), x, create_graph=True)
    (product,) = torch.autograd.grad((gradient * v).sum(), x, create_graph=True)
    return -gradient, v, -(product * v).sum(1)


def _ssm(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    s, v, second = _directional(energy, x)
    return (0.5 * (s * v).sum(1) ** 2 + second).mean()


def _ssm_vr(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    s, _v, second = _directional(energy, x)
    return (0.5 * (s * s).sum(1) + second).mean()


def _fd_ssm(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    v = torch.randn_like(x).sign()
    points = torch.cat([x + EPSILON * v, x, x - EPSILON * v])
    ahead, here, behind = (-energy(points)).reshape(3, -1).unbind()
    first = (ahead - behind) / (2 * EPSILON)
    second = (ahead + behind - 2 * here) / EPSILON**2
    loss: Tensor = (0.5 * first * first + second).mean()
    return loss


def _sm(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(energy(x).sum(), x, create_graph=True)
    trace = torch.zeros(len(x))
    for i in range(x.shape[1]):
        (row,) = torch.autograd.grad(gradient[:, i].sum(), x, create_graph=True)
        trace = trace - row[:, i]
    return (0.5 * (gradient * gradient).sum(1) + trace).mean()


@cache
def _noise(dim: int) -> torch.distributions.MultivariateNormal:
    return torch.distributions.MultivariateNormal(torch.zeros(dim), torch.eye(dim))


def _nce(energy: MLPEnergy, x: Tensor, log_z: Tensor, *_: Tensor) -> Tensor:
    noise = _noise(x.shape[1])
    both = torch.cat([x, noise.sample((len(x),))])
    logit = -energy(both) - log_z - noise.log_prob(both)  # type: ignore[no-untyped-call]
    labels = torch.cat([torch.ones(len(x)), torch.zeros(len(x))])
    return 2 * nn.functional.binary_cross_entropy_with_logits(logit, labels)


def _langevin(energy: MLPEnergy, x: Tensor, steps: int) -> Tensor:
    for _ in range(steps):
        s = _score(energy, x, create_graph=False)
        x = x.detach() + 0.5 * STEP_SIZE**2 * s + STEP_SIZE * torch.randn_like(x)
    return x


def contrast(energy: MLPEnergy, x: Tensor, negatives: Tensor) -> Tensor:
    """Return the contrastive loss of data and negatives."""
    return energy(x).mean() - energy(negatives).mean()  # type: ignore[no-any-return]


def _cd_1(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    return contrast(energy, x, _langevin(energy, x, 1))


def _cd_10(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    return contrast(energy, x, _langevin(energy, x, 10))


def _pcd(energy: MLPEnergy, x: Tensor, _: Tensor, buffer: Tensor) -> Tensor:
    index = torch.randint(len(buffer), (len(x),))
    negatives = _langevin(energy, buffer[index], 10)
    buffer[index] = negatives
    return contrast(energy, x, negatives)


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


def _mle(energy: MLPEnergy, x: Tensor, *_: Tensor) -> Tensor:
    return contrast(energy, x, _hmc(energy, torch.randn_like(x), TRANSITIONS))


PLAIN: dict[str, Callable[[MLPEnergy, Tensor, Tensor, Tensor], Tensor]] = {
    "dsm": _dsm,
    "ssm": _ssm,
    "ssm-vr": _ssm_vr,
    "fd-ssm": _fd_ssm,
    "sm": _sm,
    "nce": _nce,
    "cd-1": _cd_1,
    "cd-10": _cd_10,
    "pcd": _pcd,
    "mle-mcmc": _mle,
}
