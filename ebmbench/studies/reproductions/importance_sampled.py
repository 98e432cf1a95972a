"""Likelihood with an estimated ``Z``: the way around it that noise contrast is compared with."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.noise import fit_noise, log_noise, sample_noise
from ebmbench.options import options

Ratio = Annotated[float, Field(gt=0)]


@options
class ImportanceSampledLikelihood(Objective):
    """Maximum likelihood with ``Z`` by importance sampling from Gaussian noise (Geyer 1994)."""

    nu: Ratio
    """``ν``: noise points per example."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> State:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return State(tensors=fit_noise(data, 1, 1.0, generator))

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        b = len(batch)
        y = sample_noise(state.tensors, max(1, round(self.nu * b)), generator)
        values = calculus.value(energy, torch.cat([batch, y]), create_graph=True)
        log_weights = -values[b:] - log_noise(state.tensors, y)
        log_z = torch.logsumexp(log_weights, 0) - math.log(len(y))
        return Step(values[:b].mean() + log_z, state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.nu)
