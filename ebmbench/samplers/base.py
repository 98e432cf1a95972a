"""The contract of a sampler: kernels with a state and diagnostics, batched over chains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LogDensityAndScore = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Maps ``x (n, d)`` to the unnormalised log-density ``(n,)`` and its gradient ``(n, d)``."""


@dataclass(frozen=True)
class ChainState:
    """Where the chains are; log-density and score at ``x`` are kept so that none is paid twice."""

    x: Tensor
    """Positions, ``(n, d)``."""
    log_density: Tensor
    """Unnormalised log-density at ``x``, ``(n,)``."""
    score: Tensor
    """Score at ``x``, ``(n, d)``."""


@dataclass(frozen=True)
class ChainInfo:
    """Diagnostics of one transition."""

    acceptance: Tensor
    """Acceptance probability of each chain's proposal, ``(n,)``; one where none is rejected."""
    divergent: Tensor
    """Whether the proposal was not finite and was refused, ``(n,)``."""


class Sampler(ABC):
    """A Markov kernel. A subclass is final and made by ``options``."""

    @abstractmethod
    def init(self, x: Tensor, target: LogDensityAndScore) -> ChainState:
        """Evaluate the target at the starting points ``x``, ``(n, d)``."""

    @abstractmethod
    def step(
        self,
        state: ChainState,
        target: LogDensityAndScore,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """Make one transition of every chain.

        Arguments:
            state: where the chains are.
            target: log-density and score of the distribution to be left invariant.
            step_size: a number or a scalar tensor; its meaning is stated by the sampler.
            generator: the source of all randomness.
        """

    def leave(
        self,
        state: ChainState,
        target: LogDensityAndScore,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """Make a last transition, of which only the positions are wanted.

        A kernel that need not look at where it ends saves that evaluation; log-density and score
        of the state are then those of where it began.
        """
        return self.step(state, target, step_size, generator)
