"""Choosing chains in proportion to their weights."""

from __future__ import annotations

import torch
from torch import Tensor


def systematic_resample(log_weights: Tensor, n: int, generator: torch.Generator) -> Tensor:
    r"""Return ``n`` indices, ``(n,)``, drawn in proportion to the weights by one uniform number.

    Chain ``i`` of normalised weight :math:`w_i` is chosen :math:`\lfloor n w_i \rfloor` or
    :math:`\lceil n w_i \rceil` times and :math:`n w_i` times on average (Kitagawa 1996; Douc,
    Cappé & Moulines 2005, Sect. 2.4). The indices are sorted. A weight that is not a number
    counts as zero.

    Arguments:
        log_weights: ``(m,)``; their precision is that of the choice.
        n: how many are chosen.
        generator: the source of the uniform number.
    """
    weights = torch.softmax(torch.nan_to_num(log_weights, nan=float("-inf")), 0)
    offset = torch.empty_like(weights[:1], device=generator.device).uniform_(generator=generator)
    offset = offset.to(weights.device)
    places = (torch.arange(n, device=weights.device) + offset) / n
    return torch.searchsorted(weights.cumsum(0), places).clamp_max(len(log_weights) - 1)
