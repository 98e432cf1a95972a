r"""Unadjusted Langevin dynamics.

.. math:: x' = x + \tfrac{\epsilon^2}{2} \nabla \log p(x) + \epsilon z, \qquad z \sim N(0, I)

Song & Kingma (2021), Eq. 6 (arXiv:2101.03288). The step costs one score. The chain is biased: for
a Gaussian of variance :math:`v` its stationary variance is :math:`v / (1 - \epsilon^2 / (4 v))`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.options import options
from ebmbench.samplers.base import ChainInfo, ChainState, LogDensityAndScore, Sampler


@options
class Langevin(Sampler):
    """One Euler-Maruyama step; ``step_size`` is ``ε``."""

    def init(self, x: Tensor, target: LogDensityAndScore) -> ChainState:
        """See :class:`~ebmbench.samplers.base.Sampler`."""
        log_density, score = target(x)
        return ChainState(x, log_density, score)

    @torch.no_grad()
    def step(
        self,
        state: ChainState,
        target: LogDensityAndScore,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """See :class:`~ebmbench.samplers.base.Sampler`; a non-finite proposal is refused."""
        x, _ = propose(state, step_size, generator)
        log_density, score = target(x)
        # a sum is finite only if all its terms are
        finite = torch.isfinite(log_density + score.sum(-1))
        keep = finite[:, None]
        moved = ChainState(
            torch.where(keep, x, state.x),
            torch.where(finite, log_density, state.log_density),
            torch.where(keep, score, state.score),
        )
        return moved, ChainInfo(torch.ones_like(log_density), ~finite)

    @torch.no_grad()
    def leave(
        self,
        state: ChainState,
        target: LogDensityAndScore,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """See :class:`~ebmbench.samplers.base.Sampler`; evaluates nothing."""
        x, _ = propose(state, step_size, generator)
        finite = torch.isfinite(x.sum(-1))
        moved = ChainState(
            torch.where(finite[:, None], x, state.x), state.log_density, state.score
        )
        return moved, ChainInfo(torch.ones_like(state.log_density), ~finite)


def propose(
    state: ChainState, step_size: float | Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return where the Euler-Maruyama step leads and the noise in it, each ``(n, d)``."""
    z = torch.empty_like(state.x).normal_(generator=generator)
    return state.x + (0.5 * step_size**2) * state.score + step_size * z, z
