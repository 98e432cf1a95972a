r"""Hamiltonian Monte Carlo with the leapfrog integrator.

With momentum :math:`r \sim N(0, M)`, :math:`M` diagonal, ``L`` steps of

.. math:: r \mathrel{+}= \tfrac{\epsilon}{2} s(x), \quad x \mathrel{+}= \epsilon M^{-1} r, \quad
          r \mathrel{+}= \tfrac{\epsilon}{2} s(x)

are accepted on the change of :math:`-\log p(x) + \tfrac12 r^\top M^{-1} r`. Neal (2011), Sect.
5.3 (arXiv:1206.1901). Two half steps of momentum meet at each inner point, and the score of the
accepted point is kept, so a transition costs exactly ``L`` scores.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.options import options
from ebmbench.samplers.base import ChainInfo, ChainState, LogDensityAndScore, Sampler
from ebmbench.samplers.metropolis import accept


@options
class HMC(Sampler):
    """``leapfrog`` steps of size ``step_size`` (``ε``); acceptance about 0.65 to 0.9 is good."""

    leapfrog: Annotated[int, Field(gt=0)] = 5
    scale: Tensor | None = None
    """Standard deviation of each coordinate, ``(d,)``: ``M = diag(1 / scale²)``."""
    jitter: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Each chain's ``ε`` is drawn anew within this fraction to each side: a trajectory of fixed
    length near half a period only mirrors the chain about the mean (Neal 2011, Sect. 5.4.2)."""

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
        """See :class:`~ebmbench.samplers.base.Sampler`."""
        # In units of the scale the mass is one: q = x / scale has gradient scale · s.
        start = torch.empty_like(state.x).normal_(generator=generator)
        spread = torch.empty_like(state.x[:, :1]).uniform_(-1, 1, generator=generator)
        sizes = step_size * (1 + self.jitter * spread)
        sizes = sizes if self.scale is None else sizes * self.scale
        proposal, end = integrate(state, start, target, sizes, self.leapfrog)
        kinetic = 0.5 * ((start * start) - (end * end)).sum(-1)
        log_ratio = proposal.log_density - state.log_density + kinetic
        return accept(state, proposal, log_ratio, generator)


def integrate(
    state: ChainState,
    r: Tensor,
    target: LogDensityAndScore,
    sizes: Tensor,
    steps: int,
) -> tuple[ChainState, Tensor]:
    """Follow Hamilton's equations by the leapfrog rule, which is reversible and keeps volume.

    Arguments:
        state: positions with their log-density and score.
        r: momenta in units of ``1 / scale``, ``(n, d)``.
        target: log-density and score.
        sizes: ``ε · scale``, any shape that broadcasts to ``(n, d)``.
        steps: ``L``; each costs one score.

    Returns:
        Where the positions and the momenta end.
    """
    x, log_density, score = state.x, state.log_density, state.score
    r = torch.addcmul(r, sizes, score, value=0.5)
    for k in range(steps):
        x = torch.addcmul(x, sizes, r)
        log_density, score = target(x)
        r = torch.addcmul(r, sizes, score, value=0.5 if k + 1 == steps else 1.0)
    return ChainState(x, log_density, score), r
