r"""Denoising score matching with a robust residual.

.. math:: \ell(x, z) = \sum_i \sqrt{1 + (\sigma s_\theta(x + \sigma z) + z)_i^2}

Cost: one score per example. Converges to a smoothed density of which the score is a median.
"""

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from ebmbench import calculus
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.options import options


@options
class RobustDenoising(Objective):
    """Regress the score of noisy data on the noise, outliers counting less."""

    sigma: Annotated[float, Field(gt=0)] = 0.2
    """Standard deviation of the noise, in units of the data."""

    needs_smooth_energy: ClassVar[bool] = True
    needs_log_z: ClassVar[bool] = False

    def loss(self, energy, batch, state: State, generator) -> Step:
        z = torch.empty_like(batch).normal_(generator=generator)
        s = calculus.score(energy, batch + self.sigma * z, create_graph=True)
        return Step((1 + (self.sigma * s + z) ** 2).sqrt().sum(-1).mean(), state)

    def cost(self, dim: int) -> StepCost:
        return StepCost(score=1.0)
