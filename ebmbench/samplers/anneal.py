r"""Chains from the reference Gaussian to the model, with a temperature that falls on the way.

At inverse temperature :math:`\beta` the target is that of the
:class:`~ebmbench.samplers.bridge.Bridge`. With resampling, each move from :math:`\beta` to
:math:`\beta'` is paid for by choosing chains with probability proportional to
:math:`(p_\theta / q)^{\beta' - \beta}`: the chains are then a sequential Monte Carlo sampler (Del
Moral, Doucet & Jasra 2006), whose share of each mode is right even if no chain can travel between
modes. Without it the shares are decided where the modes part.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.samplers.base import Sampler
from ebmbench.samplers.bridge import Bridge, ReferenceGaussian
from ebmbench.samplers.resampling import systematic_resample
from ebmbench.samplers.run import Trace, run_chains
from ebmbench.samplers.step_sizes import StepSizes


def anneal_chains(
    sampler: Sampler,
    bridge: Bridge[ReferenceGaussian],
    x: Tensor,
    *,
    steps: int,
    rise: int,
    resample: bool,
    step_sizes: StepSizes,
    generator: torch.Generator,
    target_acceptance: float | None,
) -> Trace:
    """Make ``steps`` transitions, ``β`` rising by ``1 / rise`` at each until it is one.

    Arguments:
        sampler: the kernel.
        bridge: from the reference to the model.
        x: where the chains start: samples of the reference, ``(n, d)``.
        steps: number of transitions, at least ``rise``.
        rise: transitions until the model is reached, at least one; one: no annealing.
        resample: whether to choose chains by weight at each rise of ``β``.
        step_sizes: the step sizes at the start; they are adapted all the way.
        generator: the source of all randomness.
        target_acceptance: the acceptance to adapt to; ``None``: keep the step sizes.
    """
    state = bridge.evaluate(x)
    acceptance = divergent = torch.zeros_like(state.log_density[0])
    # of each chain, whether neither it nor the one that it was copied from has moved
    still = torch.ones(len(x), dtype=torch.bool, device=x.device)
    for k in range(steps):
        if resample and k < rise:
            weights = bridge.slope(state) / rise
            chosen = systematic_resample(weights, len(weights), generator)
            state, still = state[chosen], still[chosen]
        target = bridge.at((k + 1) / rise) if k + 1 < rise else bridge.model
        before = state.x
        trace = run_chains(
            sampler,
            state,
            target,
            1,
            step_sizes=step_sizes,
            generator=generator,
            target_acceptance=target_acceptance,
            first=k,
        )
        state, step_sizes = trace.state, trace.step_sizes
        still = still & (state.x == before).all(1)
        acceptance = acceptance + trace.acceptance / steps
        divergent = divergent + trace.divergent / steps
    return Trace(state, acceptance, divergent, still.to(acceptance).mean(), step_sizes)
