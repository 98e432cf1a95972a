r"""Annealed importance sampling and sequential Monte Carlo along the geometric path.

.. math:: p_b(z) \propto \exp\bigl(-(1-b)\tfrac12\|z\|^2 - b\,U(z)\bigr), \qquad 0 = b_0 < \dots
    < b_K = 1,

with :math:`U(z) = E(x(z))` in the coordinates where the initial Gaussian is standard normal (Neal,
2001, Statistics and Computing 11). Transitions are Hamiltonian; their step sizes and the
schedule come from a pilot run and are frozen before any weight is computed, so that the estimate
stays unbiased. Forward, :math:`E\hat Z = Z`: ``log Ẑ`` is a stochastic lower bound. In reverse
from exact samples, :math:`E\,1/\hat Z = 1/Z`: a stochastic upper bound (Grosse, Ghahramani &
Adams, 2015, arXiv:1511.02543).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.partition.base import log_mean_exp
from ebmbench.samplers.base import ChainState
from ebmbench.samplers.bridge import Bridge, Origin
from ebmbench.samplers.path import AnnealingPath
from ebmbench.samplers.pilot import LEAPFROG, transition
from ebmbench.samplers.resampling import systematic_resample


@dataclass(frozen=True)
class Annealed:
    """The outcome of one run of chains."""

    log_z: Tensor
    """Estimates of ``log Z``, ``(n,)``, in float64: one per chain without resampling, else one per
    chain with the population's factor included, so that the mean of their exponentials is ``Ẑ``.
    """
    state: ChainState
    """Where the chains ended."""
    acceptance: float


def anneal(
    bridge: Bridge[Origin],
    path: AnnealingPath,
    temperatures: int,
    chains: int,
    *,
    generator: torch.Generator,
    populations: int | None = None,
    leapfrog: int = LEAPFROG,
) -> Annealed:
    """Run chains from the initial law to the model.

    Arguments:
        bridge: from where the chains start to the model.
        path: step sizes and schedule.
        temperatures: ``K``.
        chains: number of chains; a multiple of ``populations``.
        generator: the source of all randomness.
        populations: ``None`` for AIS. Otherwise the chains form that many independent populations,
            each resampled when its effective size falls below half (SMC).
        leapfrog: steps per transition.
    """
    betas = path.schedule(temperatures)
    step_sizes = path.step_size(betas)
    state = bridge.evaluate(bridge.initial.draw(chains, generator))
    log_w = torch.full((chains,), bridge.initial.log_z, dtype=torch.float64)
    accepted = 0.0
    for k in range(1, temperatures + 1):
        log_w = log_w + (betas[k] - betas[k - 1]) * bridge.slope(state).cpu()
        if populations is not None:
            log_w, index = _resample(log_w, populations, generator)
            state = state[index.to(state.x.device)]
        beta, step_size = float(betas[k]), float(step_sizes[k])
        state, info = transition(
            bridge, state, beta, step_size, generator=generator, leapfrog=leapfrog
        )
        accepted += float(info.acceptance.mean())
    return Annealed(log_w, state, accepted / temperatures)


def anneal_back(
    bridge: Bridge[Origin],
    path: AnnealingPath,
    temperatures: int,
    state: ChainState,
    *,
    generator: torch.Generator,
    leapfrog: int = LEAPFROG,
) -> Annealed:
    """Run the reversed chains from the model, where ``state`` is, to the initial law.

    Returns:
        ``log_z`` such that ``-log mean exp(-log_z)`` estimates ``log Z`` from above if the
        chains started at exact samples.
    """
    betas = path.schedule(temperatures)
    step_sizes = path.step_size(betas)
    log_z = torch.full((len(state.x),), bridge.initial.log_z, dtype=torch.float64)
    accepted = 0.0
    for k in range(temperatures, 0, -1):
        beta, step_size = float(betas[k]), float(step_sizes[k])
        state, info = transition(
            bridge, state, beta, step_size, generator=generator, leapfrog=leapfrog
        )
        accepted += float(info.acceptance.mean())
        log_z = log_z + (betas[k] - betas[k - 1]) * bridge.slope(state).cpu()
    return Annealed(log_z, state, accepted / temperatures)


def _resample(
    log_w: Tensor, populations: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Resample populations of effective size below half; return weights and ancestors."""
    size = log_w.numel() // populations
    weights, ancestors = [], []
    for i, part in enumerate(torch.split(log_w, size)):
        mean = log_mean_exp(part)
        normalised = torch.softmax(part, 0)
        index = torch.arange(size)
        if float(normalised.square().sum()) * size > 2:
            index = systematic_resample(part, size, generator)
            part = torch.full_like(part, mean)
        weights.append(part)
        ancestors.append(index + i * size)
    return torch.cat(weights), torch.cat(ancestors)
