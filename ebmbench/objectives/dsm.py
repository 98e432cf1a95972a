r"""Denoising score matching.

.. math:: \ell(x, z) = \tfrac12 \sigma^2 \Big\| s_\theta(x + \sigma z) + \frac{z}{\sigma} \Big\|^2,
          \qquad z \sim N(0, I)

Vincent (2011), Eq. 17; Song & Kingma (2021), Eq. 10-11 (arXiv:2101.03288), here multiplied by
:math:`\sigma^2`, which changes neither the optimum nor the direction of the gradient and makes the
loss of order ``d`` for every ``σ``.

Cost: one score per example. Assumes that the data are continuous at the scale ``σ``. At fixed
``σ`` it is *not* consistent: the optimum is the data density convolved with ``N(0, σ² I)``. The
variance of its gradient grows as ``1/σ²`` as ``σ → 0`` (loc. cit., before Eq. 12).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.options import options


@options
class DenoisingScoreMatching(Objective[State]):
    """Regress the score of noisy data on the noise."""

    sigma: Annotated[float, Field(gt=0)] = 0.1
    """Standard deviation of the noise in the coordinates of the energy."""

    needs_smooth_energy: ClassVar[bool] = True
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> State:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return State()

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        sigma = self.sigma
        z = torch.empty_like(batch).normal_(generator=generator)
        s = calculus.score(energy, batch + sigma * z, create_graph=True)
        residual = sigma * s + z
        return Step(0.5 * (residual * residual).sum(-1).mean(), state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(score=1.0)
