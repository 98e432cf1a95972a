r"""The geometric path from a Gaussian to a model.

.. math:: p_\beta \propto q^{1-\beta}\, p_\theta^\beta, \qquad 0 \le \beta \le 1

(Neal 2001, Statistics and Computing 11, Eq. 4). Log-density and score are linear in
:math:`\beta`, so chains that know the model where they are move along the path for nothing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.samplers.base import ChainState, Target


class Initial(ABC):
    """The law ``q`` where a path begins, in the coordinates in which chains move."""

    @abstractmethod
    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``."""

    @abstractmethod
    def log_density(self, x: Tensor) -> Tensor:
        """Return ``log q`` without its constant, ``(n,)``; its precision is that of the path."""

    @abstractmethod
    def score(self, x: Tensor) -> Tensor:
        """Return ``∇ log q``, ``(n, d)``."""


@dataclass(frozen=True)
class ReferenceGaussian(Initial):
    """The reference of an energy in the energy's own coordinates: what training starts from."""

    gaussian: Gaussian

    @classmethod
    def of(cls, energy: Energy) -> ReferenceGaussian:
        """Return the reference of an energy."""
        return cls(energy.reference)

    @property
    def std(self) -> Tensor:
        """Its marginal deviations, ``(d,)``."""
        return self.gaussian.std

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`Initial`."""
        return self.gaussian.draw(n, generator)

    def log_density(self, x: Tensor) -> Tensor:
        """See :class:`Initial`; in the precision of the model."""
        return self.gaussian.log_density(x)

    def score(self, x: Tensor) -> Tensor:
        """See :class:`Initial`."""
        return self.gaussian.score(x)


class Origin(Initial):
    """A law of known constant, where estimates of ``Z`` start."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Number of coordinates."""

    @property
    @abstractmethod
    def log_z(self) -> float:
        """Return ``log ∫ q dx`` of the density without its constant, over the model's ``x``."""


@dataclass(frozen=True)
class StandardNormal(Origin):
    """A Gaussian in the coordinates in which it is round: what estimates of ``Z`` start from."""

    size: int
    like: Tensor
    """Gives precision and device."""
    log_det: float = 0.0
    """``log |det A|`` of the map ``x = m + A z`` to the coordinates of the model."""

    @property
    def dim(self) -> int:
        """See :class:`Origin`."""
        return self.size

    @property
    def log_z(self) -> float:
        """Return ``log ∫ exp(-½‖z‖²) dx``."""
        return 0.5 * self.dim * math.log(2 * math.pi) + self.log_det

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`Initial`; in single precision, so that one seed is one set of points."""
        return torch.randn(n, self.dim, generator=generator).to(self.like)

    def log_density(self, x: Tensor) -> Tensor:
        """See :class:`Initial`; in float64, since weights are sums along the path."""
        return -0.5 * x.double().square().sum(1)

    def score(self, x: Tensor) -> Tensor:
        """See :class:`Initial`."""
        return -x


InitialT = TypeVar("InitialT", bound=Initial, covariant=True)


@dataclass(frozen=True)
class Bridge(Generic[InitialT]):
    """A path from a Gaussian to a model, in coordinates that both share."""

    initial: InitialT
    model: Target

    def evaluate(self, x: Tensor) -> ChainState:
        """Evaluate the model at ``x``, ``(n, d)``; the state serves at every ``β``."""
        return self.model.evaluate(x)

    def slope(self, state: ChainState) -> Tensor:
        """Return the derivative of the log-density in ``β``, ``(n,)``: ``log p_θ - log q``.

        Times a step of ``β`` it is the log-weight that the step gives a chain.
        """
        log_q = self.initial.log_density(state.x)
        return state.log_density.to(log_q) - log_q

    def at(self, beta: float | Tensor) -> Target:
        """Return the target at one ``β``, or at one for each chain, ``(n,)``.

        Its precision is that of the Gaussian, at ``β = 1`` too.
        """
        return _Between(self.initial, self.model, beta)


@dataclass(frozen=True)
class _Between(Target):
    initial: Initial
    model: Target
    beta: float | Tensor

    def evaluate(self, x: Tensor) -> ChainState:
        return self.model.evaluate(x)

    def log_density(self, state: ChainState) -> Tensor:
        log_q = self.initial.log_density(state.x)
        beta = self.beta.to(log_q) if isinstance(self.beta, Tensor) else self.beta
        return beta * state.log_density.to(log_q) + (1 - beta) * log_q

    def score(self, state: ChainState) -> Tensor:
        beta = self.beta[:, None].to(state.x) if isinstance(self.beta, Tensor) else self.beta
        return beta * state.score + (1 - beta) * self.initial.score(state.x)
