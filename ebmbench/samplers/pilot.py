"""Transitions along a path, and the pilot run that learns their step sizes and its length.

What it learns is frozen before any weight is computed, so that estimates stay unbiased.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.samplers.base import ChainInfo, ChainState
from ebmbench.samplers.bridge import Bridge, Origin
from ebmbench.samplers.leapfrog import hamiltonian_step
from ebmbench.samplers.path import AnnealingPath

LEAPFROG = 2
"""Steps per transition. At equal cost, two left the least variance of log-weights on Gaussians and
mixtures of 10 to 50 dimensions; longer paths overshoot the shortest direction."""
JITTER = 0.2
"""Fraction to each side within which the step size of all chains is drawn anew."""
TARGET_ACCEPTANCE = 0.8


def transition(
    bridge: Bridge[Origin],
    state: ChainState,
    beta: float | Tensor,
    step_size: float | Tensor,
    *,
    generator: torch.Generator,
    leapfrog: int = LEAPFROG,
) -> tuple[ChainState, ChainInfo]:
    """Make one Hamiltonian transition that leaves ``p_β`` invariant.

    All numbers are drawn on the CPU; the momenta in single precision, so that one seed gives the
    same ones whatever the precision and the device of the model.

    Arguments:
        bridge: the path.
        state: where the chains are.
        beta: the inverse temperature, or one for each chain, ``(n,)``.
        step_size: the step size, or one for each chain, ``(n,)``.
        generator: the source of all randomness.
        leapfrog: steps of the integrator; with one this is the Metropolis-adjusted Langevin
            algorithm.
    """
    jitter = float(torch.rand(1, generator=generator)) * 2 * JITTER + (1 - JITTER)
    momenta = torch.randn(state.x.shape, generator=generator).to(state.x)
    wide = step_size[:, None].to(state.x) if isinstance(step_size, Tensor) else step_size
    target = bridge.at(beta)
    return hamiltonian_step(
        state, momenta, target, wide * jitter, steps=leapfrog, generator=generator
    )


def pilot(
    bridge: Bridge[Origin],
    generator: torch.Generator,
    chains: int = 64,
    knots: int = 16,
    *,
    transitions: int = 4,
    leapfrog: int = LEAPFROG,
) -> AnnealingPath:
    """Learn step sizes and the thermodynamic length with a quick annealing run."""
    t = torch.linspace(-4, 4, knots, dtype=torch.float64).sigmoid()
    betas = (t - t[0]) / (t[-1] - t[0])
    state = bridge.evaluate(bridge.initial.draw(chains, generator))
    log_eps = -0.25 * math.log(bridge.initial.dim)
    step_sizes, deviations = [], []
    for beta in betas:
        for i in range(transitions):
            state, info = transition(
                bridge,
                state,
                float(beta),
                math.exp(log_eps),
                generator=generator,
                leapfrog=leapfrog,
            )
            excess = float(info.acceptance.mean()) - TARGET_ACCEPTANCE
            log_eps += 0.8 / (1 + i) ** 0.5 * excess
            log_eps = min(log_eps, math.log(1.5))
        step_sizes.append(math.exp(log_eps))
        deviations.append(bridge.slope(state).std().cpu())
    speed = torch.stack(deviations)
    pieces = 0.5 * (speed[1:] + speed[:-1]) * betas.diff()
    length = torch.cat([torch.zeros(1, dtype=torch.float64), pieces.cumsum(0)])
    return AnnealingPath(betas, torch.tensor(step_sizes, dtype=torch.float64), length)
