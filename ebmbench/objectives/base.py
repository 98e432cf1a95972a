"""The contract of a training objective, and the records that pass through it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, cast

import torch
from torch import Tensor
from typing_extensions import TypeVar

from ebmbench.energies.base import Energy
from ebmbench.energies.noise_ladder import noise_ladder
from ebmbench.energies.own_sampler import OwnSampler

LOWEST = 0.05
"""Lowest noise level, in units of the coordinates of training, unless an objective says another.
"""


@dataclass(frozen=True)
class State:
    """What an objective carries from step to step: nothing, unless it has a class of its own.

    An objective that carries something (persistent chains, a fitted noise distribution, step
    sizes) has a frozen dataclass of its own beside it, derived from this one, with a field for
    each thing. A network that is trained against the energy or beside it (a critic, a flow) is a
    field of the class :class:`~ebmbench.objectives.auxiliary.Auxiliary`; the loss makes its steps
    and returns it in the next state.
    """

    @property
    def learned(self) -> Mapping[str, Tensor]:
        """Parameters trained together with the energy, by name, each a leaf with a gradient.

        The optimiser changes them in place, and they are stored beside the weights. The name
        ``log_z`` means an estimate of ``log Z``.
        """
        return {}


StateT = TypeVar("StateT", bound=State, default=Any)
"""What an objective carries; ``Objective`` alone stands for one that carries anything."""


@dataclass(frozen=True)
class Step(Generic[StateT]):
    """The outcome of one evaluation of a loss."""

    loss: Tensor
    """Scalar, with a graph to the parameters of the energy and to ``state.learned``."""
    state: StateT
    """The state of the next step."""
    info: Mapping[str, Tensor] = field(default_factory=dict)
    """Diagnostics, detached scalars (acceptance, energy gap); logged, never used."""


@dataclass(frozen=True)
class StepCost:
    """Evaluations per training example and step."""

    energy: float = 0.0
    score: float = 0.0
    hvp: float = 0.0
    auxiliary: float = 0.0
    """Rows through networks beside the energy; a derivative in the row counts once more."""


class Objective(ABC, Generic[StateT]):
    """A loss whose minimum fits an energy to data. A subclass is final and made by ``options``.

    It is generic in what it carries from step to step: ``Objective[State]`` carries nothing,
    ``Objective[PersistentChains]`` a record of that class.
    """

    needs_smooth_energy: ClassVar[bool]
    """Whether the second derivative in ``x`` enters the loss or its gradient."""
    needs_log_z: ClassVar[bool]
    """Whether ``log Z`` must be exact or obtainable by quadrature (the oracle)."""
    needs_levels: ClassVar[bool] = False
    """Whether the energy must be one of many noise levels, a
    :class:`~ebmbench.energies.conditional.ConditionalEnergy`."""
    validates: ClassVar[bool] = False
    """Whether the loss can be compared between steps: its value is what its gradient descends.

    It is then taken on validation rows with the same noise at the marks of the training, and the
    weights of its lowest value are the ones that are scored. It may depend on what the state holds
    fixed or has in ``learned``, but on nothing else that moves while training. A difference of
    energies of data and of chains is none: the chains follow the model, and it is zero at best and
    at any time."""
    needs_packages: ClassVar[tuple[str, ...]] = ()
    """Packages of an extra that must be installed; without them its runs are skipped."""

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> StateT:
        """Prepare the state (fit a noise distribution, start chains); by default there is none.

        Arguments:
            energy: the untrained model.
            data: the training rows, ``(n, d)``.
            generator: the source of all randomness.
        """
        return cast(StateT, State())

    @abstractmethod
    def loss(
        self, energy: Energy, batch: Tensor, state: StateT, generator: torch.Generator
    ) -> Step[StateT]:
        """Return the loss on ``batch``, ``(b, d)``, the next state and diagnostics."""

    @abstractmethod
    def cost(self, dim: int) -> StepCost:
        """Return the declared evaluations per example of one step in ``dim`` dimensions."""

    def ladder(self, rows: Tensor) -> list[float]:
        """Return the noise levels at which it trains a network that has none, falling.

        Asked where it ``needs_levels`` and the task's energy is of one level; by default they go
        down to :data:`LOWEST`.

        Arguments:
            rows: training rows, ``(n, d)``, in the coordinates of training.

        Raises:
            EbmbenchError: there is no such ladder for these rows.
        """
        return noise_ladder(rows, LOWEST)

    def own_log_z(self, energy: Energy, state: StateT) -> Tensor | None:
        """Return the estimate of ``log Z`` that the method brings, a scalar, if it brings one.

        By default it is the ``log_z`` among what was learned. A method that carries an estimate
        without training it (weights of chains) returns that of the energy as it is handed in.

        Arguments:
            energy: the trained model, with the weights that are evaluated.
            state: the state after the last step.
        """
        return state.learned.get("log_z")

    def own_sampler(self, energy: Energy, state: StateT) -> OwnSampler | None:
        """Return how the method itself draws from what it trained; by default it does not.

        Where there is one (a learned generator, a flow beside the energy) metrics of samples use
        it, unless the energy has an exact one, and their notes carry its word. Chains that
        trained the energy are none: the evaluation has its own.

        Arguments:
            energy: the trained model.
            state: the state after the last step.
        """
        return self.stored_sampler(energy)

    def stored_sampler(self, energy: Energy) -> OwnSampler | None:
        """Return :meth:`own_sampler` of weights that were stored, if it needs no state.

        Metrics of stored weights are then of the same draws as those of the run.

        Arguments:
            energy: the trained model.
        """
        return None
