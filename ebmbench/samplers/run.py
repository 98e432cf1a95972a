"""Running a kernel for many steps, with or without adapting its step sizes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.samplers.base import ChainState, Sampler, Target
from ebmbench.samplers.step_sizes import StepSizes


@dataclass(frozen=True)
class Trace:
    """What a run of a kernel leaves behind."""

    state: ChainState
    acceptance: Tensor
    """Mean acceptance probability over steps and chains, a scalar."""
    divergent: Tensor
    """Fraction of proposals that were not finite, a scalar."""
    dead: Tensor
    """Fraction of chains that no transition moved, a scalar."""
    step_sizes: StepSizes
    """The step sizes at the end."""


def run_chains(
    sampler: Sampler,
    state: ChainState,
    target: Target,
    steps: int,
    *,
    step_sizes: StepSizes,
    generator: torch.Generator,
    target_acceptance: float | None = None,
    gain: float = 0.05,
    first: int = 0,
    positions_only: bool = False,
) -> Trace:
    r"""Make ``steps`` transitions of every chain.

    With ``target_acceptance`` the step sizes follow the acceptance
    (:mod:`ebmbench.samplers.step_sizes`). While they do, invariance is slightly broken;
    evaluation samplers adapt in a pilot run and then freeze them.

    Arguments:
        sampler: the kernel.
        state: where the chains are.
        target: the distribution to be left invariant.
        steps: number of transitions, at least one.
        step_sizes: the step sizes at the start.
        generator: the source of all randomness.
        target_acceptance: the acceptance to adapt to; ``None``: keep the step sizes.
        gain: the gain at the start of all adaptation.
        first: the number of the first transition, which says with which group a chain begins.
        positions_only: whether the last transition may leave log-density and score of the end
            unknown (:meth:`Sampler.leave`).
    """
    start = state.x
    acceptance = torch.zeros_like(state.log_density)
    divergent = torch.zeros_like(state.log_density)
    for k in range(steps):
        transition = sampler.leave if positions_only and k + 1 == steps else sampler.step
        groups = step_sizes.groups(len(start), first + k)
        state, info = transition(state, target, step_sizes.of(groups), generator)
        acceptance += info.acceptance
        divergent += info.divergent
        if target_acceptance is not None:
            step_sizes = step_sizes.adapted(info.acceptance, groups, target_acceptance, gain)
    dead = (state.x == start).all(1).to(acceptance).mean()
    return Trace(state, acceptance.mean() / steps, divergent.mean() / steps, dead, step_sizes)
