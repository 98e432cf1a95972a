"""Likelihood with an estimated ``Z``: the way around it that noise contrast is compared with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.noise import GaussianMixtureNoise
from ebmbench.options import options

Ratio = Annotated[float, Field(gt=0)]


@dataclass(frozen=True)
class FixedNoise(State):
    """The proposal of importance sampling."""

    noise: GaussianMixtureNoise


@options
class ImportanceSampledLikelihood(Objective[FixedNoise]):
    """Maximum likelihood with ``Z`` by importance sampling from Gaussian noise (Geyer 1994)."""

    nu: Ratio
    """``ν``: noise points per example."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> FixedNoise:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return FixedNoise(GaussianMixtureNoise.fit(data, 1, 1.0, generator))

    def loss(
        self, energy: Energy, batch: Tensor, state: FixedNoise, generator: torch.Generator
    ) -> Step[FixedNoise]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        b = len(batch)
        y = state.noise.sample(max(1, round(self.nu * b)), generator)
        values = calculus.value(energy, torch.cat([batch, y]), create_graph=True)
        log_weights = -values[b:] - state.noise.log_prob(y)
        log_z = torch.logsumexp(log_weights, 0) - math.log(len(y))
        return Step(values[:b].mean() + log_z, state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.nu)
