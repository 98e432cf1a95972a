r"""Swaps of chains between neighbouring temperatures.

Chains at :math:`b_r < b_{r+1}` change places with probability

.. math:: \min\bigl(1, \exp\{(b_{r+1} - b_r)(g_r - g_{r+1})\}\bigr), \qquad
          g = \log p_\theta - \log q,

which leaves the joint distribution of all temperatures invariant (Swendsen & Wang 1986; Geyer
1991).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.samplers.metropolis import decide


def swap(
    slope: Tensor, betas: Tensor, first: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Decide the swaps of every second pair, from the rung ``first`` upwards.

    Arguments:
        slope: ``g`` of every chain, ``(R + 1, n)``.
        betas: inverse temperatures, ``(R + 1,)``.
        first: zero or one.
        generator: the source of the uniform numbers.

    Returns:
        which chain goes where, ``(R + 1, n)``, as flat indices; mean probability of each pair.
    """
    order = torch.arange(slope.numel()).reshape(slope.shape)
    lower = torch.arange(first, len(betas) - 1, 2)
    step = (betas[lower + 1] - betas[lower])[:, None]
    taken, probability, _ = decide(step * (slope[lower] - slope[lower + 1]), generator)
    below, above = order[lower], order[lower + 1]
    order[lower] = torch.where(taken, above, below)
    order[lower + 1] = torch.where(taken, below, above)
    return order, probability.mean(1)
