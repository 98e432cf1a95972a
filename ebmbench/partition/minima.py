"""A search for minima of an energy by descent from a wide box."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.initial import InitialLaw
from ebmbench.samplers.base import ChainState, Target


@dataclass(frozen=True)
class Search:
    """How hard to look."""

    starts: int
    descents: int
    candidates: int
    """Minima that are weighed, lowest energy first."""


STANDARD = Search(starts=48, descents=80, candidates=6)


def find_minima(
    energy: Energy,
    initial: InitialLaw,
    generator: torch.Generator,
    starts: int,
    *,
    steps: int,
) -> Tensor:
    """Descend from a wide box and return distinct minima, lowest energy first, ``(m, d)``.

    Starting points are uniform in boxes of 3, 6, 12 and 24 standard deviations of ``initial``.
    """
    radius = torch.tensor([3.0, 6.0, 12.0, 24.0]).repeat_interleave(-(-starts // 4))[:starts]
    u = 2 * torch.rand(starts, initial.dim, generator=generator) - 1
    z = (u * radius[:, None]).to(initial.mean)
    model = initial.bridge_to(energy).model
    return initial.to_x(distinct(descend(model, z, radius, steps)))


def descend(model: Target, z: Tensor, radius: Tensor, steps: int) -> ChainState:
    """Follow the energy down from ``z``, ``(n, d)``.

    Arguments:
        model: in coordinates where a deviation is one.
        z: where to start.
        radius: the longest step of each point, ``(n,)``.
        steps: how many.
    """
    at = model.evaluate(z)
    step = torch.full_like(at.log_density, 0.1)
    for _ in range(steps):
        # a step of bounded length, halved where the energy rose and lengthened where it fell
        length = at.score.norm(dim=1).clamp_min(1.0)
        factor = step * (radius.to(z) / length).clamp(max=1.0)
        proposal = model.evaluate(at.x + factor[:, None] * at.score)
        better = proposal.log_density >= at.log_density
        at = ChainState.where(better, proposal, at)
        step = torch.where(better, 1.3 * step, 0.4 * step)
    return at


def distinct(at: ChainState) -> Tensor:
    """Return the points that lie apart, lowest energy first, ``(m, d)``."""
    kept = at.x[:0]
    for i in (-at.log_density).argsort().tolist():
        apart = bool(((kept - at.x[i]).norm(dim=1) > 0.5).all())
        if apart and bool(torch.isfinite(at.log_density[i])):
            kept = torch.cat([kept, at.x[i : i + 1]])
    return kept
