"""The Metropolis-Hastings decision, batched over chains."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.samplers.base import ChainInfo, ChainState


def decide(log_ratio: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Say yes with probability ``min(1, exp(log_ratio))``.

    A log ratio that is not a number, or is plus infinity (a proposal of infinite density), counts
    as minus infinity and is reported as divergent. A proposal of density zero is an ordinary
    refusal. The uniform numbers are drawn in the precision of the ratio.

    Arguments:
        log_ratio: of any shape.
        generator: the source of the uniform numbers.

    Returns:
        the decisions, the probabilities, and what is divergent, each of the shape of the ratio.
    """
    divergent = torch.isnan(log_ratio) | torch.isposinf(log_ratio)
    log_ratio = torch.where(divergent, float("-inf"), log_ratio)
    # drawn where the generator is, which need not be where the chains are
    u = torch.empty_like(log_ratio, device=generator.device).uniform_(generator=generator)
    u = u.to(log_ratio.device)
    return u.log() < log_ratio, log_ratio.clamp_max(0).exp(), divergent


def accept(
    current: ChainState, proposal: ChainState, log_ratio: Tensor, generator: torch.Generator
) -> tuple[ChainState, ChainInfo]:
    """Accept each proposal or keep the chain where it is; see :func:`decide`.

    Arguments:
        current: where the chains are.
        proposal: where they would go.
        log_ratio: log of the Metropolis-Hastings ratio, ``(n,)``.
        generator: the source of the uniform numbers.
    """
    taken, probability, divergent = decide(log_ratio, generator)
    return ChainState.where(taken, proposal, current), ChainInfo(probability, divergent)
