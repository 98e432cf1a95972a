r"""Chains from the reference Gaussian to the model, with a temperature that falls on the way.

At inverse temperature :math:`\beta` the target is :math:`q^{1-\beta} p_\theta^\beta` (Neal 2001,
Eq. 4). With resampling, each move from :math:`\beta` to :math:`\beta'` is paid for by choosing
chains with probability proportional to :math:`(p_\theta / q)^{\beta' - \beta}`: the chains are
then a sequential Monte Carlo sampler (Del Moral, Doucet & Jasra 2006), whose share of each mode
is right even if no chain can travel between modes. Without it the shares are decided where the
modes part.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.samplers.base import ChainState, Sampler
from ebmbench.samplers.run import Trace, run_chains
from ebmbench.samplers.target import bridge_of, move_bridge


def anneal_chains(
    sampler: Sampler,
    energy: Energy,
    x: Tensor,
    steps: int,
    rise: int,
    resample: bool,
    step_size: Tensor,
    generator: torch.Generator,
    target_acceptance: float,
) -> Trace:
    """Make ``steps`` transitions, ``β`` rising by ``1 / rise`` at each until it is one.

    Arguments:
        sampler: the kernel.
        energy: the model.
        x: where the chains start: samples of the reference, ``(n, d)``.
        steps: number of transitions, at least ``rise``.
        rise: transitions until the model is reached, at least one; one: no annealing.
        resample: whether to choose chains by weight at each rise of ``β``.
        step_size: the step size at the start, a scalar tensor; it is adapted all the way.
        generator: the source of all randomness.
        target_acceptance: the acceptance to adapt to.
    """
    state = sampler.init(x, bridge_of(energy, 1 / rise))
    if resample:
        _, slope = move_bridge(state, energy, 1 / rise, 1 / rise)
        state = _resampled(state, slope / rise, generator)
    acceptance = torch.zeros_like(step_size)
    divergent = torch.zeros_like(step_size)
    for k in range(steps):
        if 0 < k < rise:
            state, slope = move_bridge(state, energy, k / rise, (k + 1) / rise)
            if resample:
                state = _resampled(state, slope / rise, generator)
        target = bridge_of(energy, min(1.0, (k + 1) / rise))
        trace = run_chains(sampler, state, target, 1, step_size, generator, target_acceptance)
        state, step_size = trace.state, trace.step_size
        acceptance = acceptance + trace.acceptance / steps
        divergent = divergent + trace.divergent / steps
    return Trace(state, acceptance, divergent, step_size)


def _resampled(state: ChainState, log_weights: Tensor, generator: torch.Generator) -> ChainState:
    """Choose as many chains as there are, by systematic resampling."""
    n = len(log_weights)
    weights = torch.softmax(torch.nan_to_num(log_weights, nan=float("-inf")), 0)
    offset = torch.empty_like(weights[:1]).uniform_(generator=generator)
    places = (torch.arange(n, device=weights.device) + offset) / n
    chosen = torch.searchsorted(weights.cumsum(0), places).clamp_max(n - 1)
    return ChainState(state.x[chosen], state.log_density[chosen], state.score[chosen])
