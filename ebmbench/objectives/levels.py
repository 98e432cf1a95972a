"""What the objectives share that train the energies of many noise levels at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.noise_ladder import noise_ladder
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.errors import EbmbenchError
from ebmbench.objectives.base import LOWEST, Objective, State, StateT
from ebmbench.options import options
from ebmbench.samplers.down_levels import STEPS, down_the_levels

TIED = 10_000
"""Training rows on which the constant of the highest level is found, at most."""


@options
class ManyLevels(Objective[StateT]):
    """An objective of many noise levels, whose model is the energy of the lowest one."""

    sigma_min: Annotated[float, Field(gt=0)] = LOWEST
    """Lowest level, in the coordinates of the energy; without effect on an energy that brings its
    levels itself."""

    needs_log_z: ClassVar[bool] = False
    needs_levels: ClassVar[bool] = True

    def ladder(self, rows: Tensor) -> list[float]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return noise_ladder(rows, self.sigma_min)

    def stored_sampler(self, energy: Energy) -> OwnSampler | None:
        """See :class:`~ebmbench.objectives.base.Objective`: annealed Langevin dynamics."""
        levels = conditional(energy)
        return OwnSampler.down_levels(
            f"annealed Langevin, {STEPS} adjusted steps a level",
            lambda n, generator: down_the_levels(levels, n, generator),
        )


def conditional(energy: Energy) -> ConditionalEnergy:
    """Return an energy as one of many levels.

    Raises:
        EbmbenchError: it is none.
    """
    if not isinstance(energy, ConditionalEnergy):
        raise EbmbenchError(f"energy {type(energy).__name__} has no noise levels")
    return energy


@dataclass(frozen=True)
class NoisyRows(State):
    """Training rows with the noise of the highest level, at which the constants are tied."""

    noisy: Tensor
    """``(n, d)``."""


def with_highest_noise(energy: Energy, data: Tensor, generator: torch.Generator) -> Tensor:
    """Return some training rows with the noise of the highest level, ``(n, d)``."""
    rows = data[:TIED]
    z = torch.empty_like(rows).normal_(generator=generator)
    return rows + conditional(energy).levels[0] * z


def log_z_of_highest(energy: Energy, noisy: Tensor) -> Tensor:
    r"""Return ``log Z`` of the highest level from its energy on rows with its noise, a scalar.

    .. math:: \log Z = h - E_{p_\sigma}[E_\theta(y, \sigma)], \qquad
              h = \tfrac12 \log\det 2\pi e\,(\Sigma + \sigma^2 I)

    if the energy is right there: the entropy of the data with so much noise is that of the
    Gaussian of its covariance. With the entropy of the noise alone (Guth, Kadkhodaie & Simoncelli
    2025) each direction of variance ``v`` would be wrong by ``½ log(1 + v/σ²)``.

    Arguments:
        energy: of many levels.
        noisy: data with the noise of the highest level, ``(n, d)``.
    """
    levels = conditional(energy)
    highest = levels.levels[:1]
    mean = calculus.value(levels.at(float(highest)), noisy).mean()
    return levels.gaussian_log_z(highest)[0] + 0.5 * levels.dim - mean


def numbers_of_levels(levels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return the number of a level for each row, ``(count,)``; rows take turns.

    Each level is met as often as the others, to one row, where numbers drawn for each row would
    add their own noise to that of a loss. Which begins is drawn.
    """
    device = levels.device
    first = torch.randint(len(levels), (1,), generator=generator, device=device)
    return (torch.arange(count, device=device) + first) % len(levels)
