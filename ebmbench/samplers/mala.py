r"""The Metropolis-adjusted Langevin algorithm.

The Langevin proposal, :math:`x' \sim N(x + \tfrac{\epsilon^2}{2} s(x), \epsilon^2 I)`, accepted
with probability :math:`\min(1, p(x') q(x | x') / p(x) q(x' | x))`. Roberts & Tweedie (1996); Song
& Kingma (2021), Sect. 3. The step costs one score: that of the current point is kept.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ebmbench.options import options
from ebmbench.samplers.base import ChainInfo, ChainState, Sampler, Target
from ebmbench.samplers.langevin import propose
from ebmbench.samplers.metropolis import accept


@options
class MALA(Sampler):
    """One adjusted Langevin step; ``step_size`` is ``ε``."""

    target_acceptance: ClassVar[float | None] = 0.6
    """A little above the optimum of 0.574 (Roberts & Rosenthal 1998)."""

    @torch.no_grad()
    def step(
        self,
        state: ChainState,
        target: Target,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """See :class:`~ebmbench.samplers.base.Sampler`."""
        x, z = propose(state.x, target.score(state), step_size, generator)
        there = target.evaluate(x)
        # The noise that would bring the proposal back, in units of the step size.
        back = (state.x - x) / step_size - (0.5 * step_size) * target.score(there)
        change = target.log_density(there) - target.log_density(state)
        log_ratio = change + 0.5 * ((z * z) - (back * back)).sum(-1)
        return accept(state, there, log_ratio, generator)
