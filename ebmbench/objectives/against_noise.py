r"""What the objectives share that contrast data with noise of known density.

All of them look at the log-ratio of model and noise,

.. math:: g(x) = -E_\theta(x) - \log p_n(x),

at the examples of a batch and at noise points that the whole batch shares. Some have a parameter
``c`` beside the energy, whose optimum is ``log Z``; they see :math:`G = g - c`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, StateT, StepCost
from ebmbench.objectives.noise import GaussianMixtureNoise, Noise
from ebmbench.options import options

START_ROWS = 1000
"""Rows of data, and as many of noise, from which ``c`` gets its first value."""


@dataclass(frozen=True)
class FittedNoise(State):
    """Noise that was fitted before training and is fixed since."""

    noise: Noise


@dataclass(frozen=True)
class NoiseAndNormaliser(FittedNoise):
    """Fixed noise, and the normaliser that is trained with the energy."""

    log_z: Tensor
    """``c``, a scalar with a gradient."""

    @property
    def learned(self) -> Mapping[str, Tensor]:
        """``c`` is trained with the energy."""
        return {"log_z": self.log_z}


def log_ratios(
    energy: Energy,
    batch: Tensor,
    noise: Noise,
    ratio: float,
    *,
    log_z: Tensor | float = 0.0,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Return :math:`-E - c - log p_n` at data, ``(b,)``, and at fresh noise, ``(m,)``.

    Gradients reach the parameters of the energy and ``c``.

    Arguments:
        energy: the model.
        batch: data, ``(b, d)``.
        noise: what the noise points are drawn from.
        ratio: noise points per example; ``m`` is rounded, and at least one.
        log_z: ``c``.
        generator: the source of the noise.
    """
    b = len(batch)
    x = torch.cat([batch, noise.sample(max(1, round(ratio * b)), generator)])
    log_model = -calculus.value(energy, x, create_graph=True) - log_z
    both = log_model - noise.log_prob(x)
    return both[:b], both[b:]


def importance_log_z(g: Tensor) -> Tensor:
    """Return the estimate of ``log Z`` by importance sampling, from ``g`` at noise, ``(m,)``."""
    return torch.logsumexp(g, 0) - math.log(len(g))


@options
class AgainstNoise(Objective[StateT]):
    """Data against noise of known density that is fitted first."""

    nu: Annotated[float, Field(gt=0)] = 1
    """``ν``: noise points per example; their number is rounded, to at least one per batch."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    @abstractmethod
    def fit_noise(self, data: Tensor, generator: torch.Generator) -> Noise:
        """Return the noise, fitted to training rows ``(n, d)``."""


@options
class AgainstGaussians(AgainstNoise[StateT]):
    """Data against Gaussian noise."""

    components: Annotated[int, Field(gt=0)] = 1
    """Gaussians in the noise."""
    inflation: Annotated[float, Field(gt=0)] = 1.0
    """Factor on the standard deviation of the noise, so that it covers the tails."""
    diagonal: bool = False
    """Whether the noise keeps the variances of the data only."""

    def fit_noise(self, data: Tensor, generator: torch.Generator) -> Noise:
        """See :class:`AgainstNoise`."""
        return GaussianMixtureNoise.fit(
            data, self.components, self.inflation, generator, self.diagonal
        )

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.nu)


@options
class LearnsNormaliser(AgainstNoise[NoiseAndNormaliser]):
    """Data against noise, with ``log Z`` as a parameter."""

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> NoiseAndNormaliser:
        """See :class:`~ebmbench.objectives.base.Objective` and :func:`middle_log_z`."""
        noise = self.fit_noise(data, generator)
        return NoiseAndNormaliser(noise, middle_log_z(energy, data, noise, generator))


def middle_log_z(energy: Energy, data: Tensor, noise: Noise, generator: torch.Generator) -> Tensor:
    r"""Return the first value of ``c``, a scalar with a gradient.

    The mean of ``g`` under the noise is a lower bound of ``log Z``, and under the model an upper
    one. ``c`` starts half-way between the means under the noise and under the data: both classes
    are then equally hard, and an energy that starts near either gives a ``c`` near ``log Z``.
    """
    rows = data[:START_ROWS]
    x = torch.cat([rows, noise.sample(len(rows), generator)])
    log_z = (-calculus.value(energy, x) - noise.log_prob(x)).mean()
    return log_z.requires_grad_()
