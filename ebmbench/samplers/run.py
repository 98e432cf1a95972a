"""Running a kernel for many steps, with or without adapting its step size."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.samplers.base import ChainState, Sampler, Target


@dataclass(frozen=True)
class Trace:
    """What a run of a kernel leaves behind."""

    state: ChainState
    acceptance: Tensor
    """Mean acceptance probability over steps and chains, a scalar."""
    divergent: Tensor
    """Fraction of proposals that were not finite, a scalar."""
    step_size: Tensor
    """The step size at the end, a scalar."""


def run_chains(
    sampler: Sampler,
    state: ChainState,
    target: Target,
    steps: int,
    *,
    step_size: Tensor,
    generator: torch.Generator,
    target_acceptance: float | None = None,
    gain: float = 0.05,
    positions_only: bool = False,
) -> Trace:
    r"""Make ``steps`` transitions of every chain.

    With ``target_acceptance`` the step size follows a Robbins-Monro recursion
    :math:`\log\epsilon \mathrel{+}= g\,(a - a^*)` on the mean acceptance ``a`` of each step
    (Andrieu & Thoms 2008, Sect. 4.2.2). With a constant gain ``g`` this breaks invariance
    slightly; evaluation samplers adapt in a pilot run and then freeze it.

    Arguments:
        sampler: the kernel.
        state: where the chains are.
        target: the distribution to be left invariant.
        steps: number of transitions, at least one.
        step_size: the step size at the start, a scalar tensor.
        generator: the source of all randomness.
        target_acceptance: the acceptance to adapt to; ``None``: keep the step size.
        gain: the gain ``g``.
        positions_only: whether the last transition may leave log-density and score of the end
            unknown (:meth:`Sampler.leave`).
    """
    acceptance = torch.zeros_like(state.log_density)
    divergent = torch.zeros_like(state.log_density)
    for k in range(steps):
        transition = sampler.leave if positions_only and k + 1 == steps else sampler.step
        state, info = transition(state, target, step_size, generator)
        acceptance += info.acceptance
        divergent += info.divergent
        if target_acceptance is not None:
            step_size = step_size * torch.exp(gain * (info.acceptance.mean() - target_acceptance))
    return Trace(state, acceptance.mean() / steps, divergent.mean() / steps, step_size)
