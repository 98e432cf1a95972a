"""The contract of a training objective, and the records that pass through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from ebmbench.energies.base import Energy


@dataclass(frozen=True)
class State:
    """What an objective carries from step to step."""

    learned: Mapping[str, Tensor] = field(default_factory=dict)
    """Parameters trained together with the energy (NCE's ``log_z``), each with a gradient."""
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    """Everything else: persistent chains, a fitted noise distribution, step sizes."""


@dataclass(frozen=True)
class Step:
    """The outcome of one evaluation of a loss."""

    loss: Tensor
    """Scalar, with a graph to the parameters of the energy and to ``state.learned``."""
    state: State
    """The state of the next step."""
    info: Mapping[str, Tensor] = field(default_factory=dict)
    """Diagnostics, detached scalars (acceptance, energy gap); logged, never used."""


@dataclass(frozen=True)
class StepCost:
    """Evaluations per training example and step."""

    energy: float = 0.0
    score: float = 0.0
    hvp: float = 0.0


class Objective(ABC):
    """A loss whose minimum fits an energy to data. A subclass is final and made by ``options``."""

    needs_smooth_energy: ClassVar[bool]
    """Whether the second derivative in ``x`` enters the loss or its gradient."""
    needs_log_z: ClassVar[bool]
    """Whether ``log Z`` must be exact or obtainable by quadrature (the oracle)."""
    needs_levels: ClassVar[bool] = False
    """Whether the energy must be one of many noise levels, a
    :class:`~ebmbench.energies.conditional.ConditionalEnergy`."""

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> State:
        """Prepare the state (fit a noise distribution, start chains); by default there is none.

        Arguments:
            energy: the untrained model.
            data: the training rows, ``(n, d)``.
            generator: the source of all randomness.
        """
        return State()

    @abstractmethod
    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step:
        """Return the loss on ``batch``, ``(b, d)``, the next state and diagnostics."""

    @abstractmethod
    def cost(self, dim: int) -> StepCost:
        """Return the declared evaluations per example of one step in ``dim`` dimensions."""
