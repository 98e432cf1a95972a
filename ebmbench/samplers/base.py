"""The contracts of the sampling core: where chains are, what they shall follow, how they move."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor


@dataclass(frozen=True)
class ChainState:
    """Where the chains are, and the model there, so that no evaluation is paid twice.

    Log-density and score are always those of the model itself. What a target between a Gaussian
    and the model needs is linear in them, so a state serves at every temperature.
    """

    x: Tensor
    """Positions, ``(n, d)``."""
    log_density: Tensor
    """Unnormalised log-density of the model at ``x``, ``(n,)``."""
    score: Tensor
    """Its gradient in ``x``, ``(n, d)``."""

    def __getitem__(self, index: Tensor) -> ChainState:
        """Return the chosen chains."""
        return ChainState(self.x[index], self.log_density[index], self.score[index])

    @staticmethod
    def where(chosen: Tensor, there: ChainState, here: ChainState) -> ChainState:
        """Return for each chain, ``(n,)``, the one or the other."""
        wide = chosen[:, None]
        return ChainState(
            torch.where(wide, there.x, here.x),
            torch.where(chosen, there.log_density, here.log_density),
            torch.where(wide, there.score, here.score),
        )

    @staticmethod
    def joined(parts: list[ChainState]) -> ChainState:
        """Return the chains of several states, one after the other."""
        return ChainState(
            torch.cat([part.x for part in parts]),
            torch.cat([part.log_density for part in parts]),
            torch.cat([part.score for part in parts]),
        )


@dataclass(frozen=True)
class ChainInfo:
    """Diagnostics of one transition."""

    acceptance: Tensor
    """Acceptance probability of each chain's proposal, ``(n,)``; one where none is rejected."""
    divergent: Tensor
    """Whether the proposal was not finite and was refused, ``(n,)``."""


class Target(ABC):
    """A density that a kernel leaves invariant, known up to its constant."""

    @abstractmethod
    def evaluate(self, x: Tensor) -> ChainState:
        """Evaluate the model at ``x``, ``(n, d)``: the only thing here that costs a score."""

    @abstractmethod
    def log_density(self, state: ChainState) -> Tensor:
        """Return the target's unnormalised log-density where the chains are, ``(n,)``."""

    @abstractmethod
    def score(self, state: ChainState) -> Tensor:
        """Return the target's score where the chains are, ``(n, d)``."""


class Sampler(ABC):
    """A Markov kernel. A subclass is final and made by ``options``."""

    target_acceptance: ClassVar[float | None] = None
    """The acceptance that an adapted step size aims at; ``None``: it is not adapted."""
    leaves_unseen: ClassVar[bool] = False
    """Whether :meth:`leave` evaluates nothing."""

    @property
    def scores(self) -> int:
        """Score evaluations per chain and transition."""
        return 1

    @abstractmethod
    def step(
        self,
        state: ChainState,
        target: Target,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """Make one transition of every chain.

        Arguments:
            state: where the chains are.
            target: the distribution to be left invariant.
            step_size: a number, a scalar tensor or one for each chain, ``(n, 1)``; its meaning is
                stated by the sampler.
            generator: the source of all randomness.
        """

    def leave(
        self,
        state: ChainState,
        target: Target,
        step_size: float | Tensor,
        generator: torch.Generator,
    ) -> tuple[ChainState, ChainInfo]:
        """Make a last transition, of which only the positions are wanted.

        A kernel that need not look at where it ends saves that evaluation; log-density and score
        of the state are then those of where it began.
        """
        return self.step(state, target, step_size, generator)
