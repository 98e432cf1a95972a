r"""Noise-contrastive estimation against a normalising flow that was fitted first.

The loss is that of :mod:`ebmbench.objectives.nce`; the noise is a neural spline flow fitted to the
training rows by maximum likelihood before training, and fixed since. Gutmann & Hyvärinen (2012)
ask for noise that is close to the data; Rhodes, Xu & Gutmann (2020), Sect. 4, use flows for it
(arXiv:2006.12204).

Cost: ``1 + ν`` energies per example, and ``1 + 2ν`` rows through the flow, whose fit is part of
the setup. Consistent for every noise that covers the data; the closer the noise, the harder the
contrast and the smaller the variance, and the less there is for the energy to add.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.against_noise import NoiseAndNormaliser, log_ratios, middle_log_z
from ebmbench.objectives.base import Objective, Step, StepCost
from ebmbench.objectives.flow_noise import FlowNoise
from ebmbench.objectives.nce import logistic_loss
from ebmbench.options import options


@options
class FlowNoiseContrastiveEstimation(Objective[NoiseAndNormaliser]):
    """Logistic regression of data against a fitted flow."""

    nu: Annotated[float, Field(gt=0)] = 1
    """``ν``: noise points per example; their number is rounded, to at least one per batch."""
    flow_steps: Annotated[int, Field(ge=0)] = 500
    """Steps of the fit of the flow; 0 leaves the Gaussian of the rows."""
    flow_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Learning rate of that fit."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True
    needs_packages: ClassVar[tuple[str, ...]] = ("zuko",)

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> NoiseAndNormaliser:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        noise = FlowNoise.fit(data, self.flow_steps, self.flow_rate, generator)
        return NoiseAndNormaliser(noise, middle_log_z(energy, data, noise, generator))

    def loss(
        self,
        energy: Energy,
        batch: Tensor,
        state: NoiseAndNormaliser,
        generator: torch.Generator,
    ) -> Step[NoiseAndNormaliser]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        data, noise = log_ratios(
            energy, batch, state.noise, self.nu, log_z=state.log_z, generator=generator
        )
        loss, accuracy = logistic_loss(data, noise)
        return Step(loss, state, {"accuracy": accuracy, "log_z": state.log_z.detach().clone()})

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.nu, auxiliary=1.0 + 2 * self.nu)
