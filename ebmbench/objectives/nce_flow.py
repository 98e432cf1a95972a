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

from ebmbench.objectives.base import StepCost
from ebmbench.objectives.flow_noise import FlowNoise
from ebmbench.objectives.nce import LogisticContrast
from ebmbench.options import options


@options
class FlowNoiseContrastiveEstimation(LogisticContrast):
    """Logistic regression of data against a fitted flow."""

    flow_steps: Annotated[int, Field(ge=0)] = 500
    """Steps of the fit of the flow; 0 leaves the Gaussian of the rows."""
    flow_rate: Annotated[float, Field(gt=0)] = 2e-3
    """Learning rate of that fit."""

    needs_packages: ClassVar[tuple[str, ...]] = ("zuko",)

    def fit_noise(self, data: Tensor, generator: torch.Generator) -> FlowNoise:
        """See :class:`~ebmbench.objectives.against_noise.AgainstNoise`."""
        return FlowNoise.fit(data, self.flow_steps, self.flow_rate, generator)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.nu, auxiliary=1.0 + 2 * self.nu)
