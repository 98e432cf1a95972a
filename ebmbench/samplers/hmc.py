"""Hamiltonian Monte Carlo with the leapfrog integrator; see :mod:`ebmbench.samplers.leapfrog`."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.options import options
from ebmbench.samplers.base import ChainInfo, ChainState, Sampler, Target
from ebmbench.samplers.leapfrog import hamiltonian_step
from ebmbench.seeds import normal_like


@options
class HMC(Sampler):
    """``leapfrog`` steps of size ``step_size`` (``ε``); acceptance about 0.65 to 0.9 is good."""

    target_acceptance: ClassVar[float | None] = 0.75
    """A little above the optimum of 0.651 (Beskos et al. 2013)."""

    leapfrog: Annotated[int, Field(gt=0)] = 5
    scale: Tensor | None = None
    """Standard deviation of each coordinate, ``(d,)``: ``M = diag(1 / scale²)``."""
    jitter: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Each chain's ``ε`` is drawn anew within this fraction to each side: a trajectory of fixed
    length near half a period only mirrors the chain about the mean (Neal 2011, Sect. 5.4.2)."""

    @property
    def scores(self) -> int:
        """See :class:`~ebmbench.samplers.base.Sampler`."""
        return self.leapfrog

    @torch.no_grad()
    def step(
        self,
        state: ChainState,
        target: Target,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """See :class:`~ebmbench.samplers.base.Sampler`."""
        # In units of the scale the mass is one: q = x / scale has gradient scale · s.
        momenta = normal_like(state.x, generator)
        spread = torch.empty_like(state.x[:, :1], device=generator.device)
        spread = spread.uniform_(-1, 1, generator=generator).to(state.x.device)
        sizes = step_size * (1 + self.jitter * spread)
        sizes = sizes if self.scale is None else sizes * self.scale
        return hamiltonian_step(
            state, momenta, target, sizes, steps=self.leapfrog, generator=generator
        )
