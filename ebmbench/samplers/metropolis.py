"""The Metropolis-Hastings decision, batched over chains."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.samplers.base import ChainInfo, ChainState


def accept(
    current: ChainState, proposal: ChainState, log_ratio: Tensor, generator: torch.Generator
) -> tuple[ChainState, ChainInfo]:
    """Accept each proposal with probability ``min(1, exp(log_ratio))``.

    A log ratio that is not a number, or is plus infinity (a proposal of infinite density), counts
    as minus infinity: the proposal is refused, and reported as divergent. A proposal of density
    zero is an ordinary refusal.

    Arguments:
        current: where the chains are.
        proposal: where they would go.
        log_ratio: log of the Metropolis-Hastings ratio, ``(n,)``.
        generator: the source of the uniform numbers.
    """
    divergent = torch.isnan(log_ratio) | torch.isposinf(log_ratio)
    log_ratio = torch.where(divergent, float("-inf"), log_ratio)
    u = torch.empty_like(log_ratio).uniform_(generator=generator)
    taken = u.log() < log_ratio
    wide = taken[:, None]
    state = ChainState(
        torch.where(wide, proposal.x, current.x),
        torch.where(taken, proposal.log_density, current.log_density),
        torch.where(wide, proposal.score, current.score),
    )
    return state, ChainInfo(log_ratio.clamp_max(0).exp(), divergent)
