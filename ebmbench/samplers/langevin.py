r"""Unadjusted Langevin dynamics.

.. math:: x' = x + \tfrac{\epsilon^2}{2} \nabla \log p(x) + \epsilon z, \qquad z \sim N(0, I)

Song & Kingma (2021), Eq. 6 (arXiv:2101.03288). The step costs one score. The chain is biased: for
a Gaussian of variance :math:`v` its stationary variance is :math:`v / (1 - \epsilon^2 / (4 v))`.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ebmbench.options import options
from ebmbench.samplers.base import ChainInfo, ChainState, Sampler, Target
from ebmbench.seeds import normal_like


@options
class Langevin(Sampler):
    """One Euler-Maruyama step; ``step_size`` is ``ε``."""

    leaves_unseen: ClassVar[bool] = True

    @torch.no_grad()
    def step(
        self,
        state: ChainState,
        target: Target,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """See :class:`~ebmbench.samplers.base.Sampler`; a non-finite proposal is refused."""
        x, _ = propose(state.x, target.score(state), step_size, generator)
        there = target.evaluate(x)
        # a sum is finite only if all its terms are
        finite = torch.isfinite(there.log_density + there.score.sum(-1))
        moved = ChainState.where(finite, there, state)
        return moved, ChainInfo(torch.ones_like(there.log_density), ~finite)

    @torch.no_grad()
    def leave(
        self,
        state: ChainState,
        target: Target,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """See :class:`~ebmbench.samplers.base.Sampler`; evaluates nothing."""
        x, _ = propose(state.x, target.score(state), step_size, generator)
        finite = torch.isfinite(x.sum(-1))
        moved = ChainState(
            torch.where(finite[:, None], x, state.x), state.log_density, state.score
        )
        return moved, ChainInfo(torch.ones_like(state.log_density), ~finite)


def propose(
    x: Tensor, score: Tensor, step_size: float | Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return where the Euler-Maruyama step leads and the noise in it, each ``(n, d)``."""
    z = normal_like(x, generator)
    return x + (0.5 * step_size**2) * score + step_size * z, z
