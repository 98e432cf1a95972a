r"""Sliced score matching.

.. math:: \ell(x, v) = \tfrac12 (v^\top s_\theta(x))^2 + v^\top \nabla_x s_\theta(x)\, v,
          \qquad E\, v v^\top = I

Song et al. (2019), Eq. 7 (arXiv:1905.07088); Song & Kingma (2021), Eq. 15-16 (arXiv:2101.03288),
where the sum of squares :math:`\sum_i (\partial_i E\, v_i)^2` stands for the square of the sum
(they agree only in expectation) and the sign of the second term is reversed.

Cost: one score and one Hessian-vector product per example and projection. Averaged over ``v`` the
loss is that of score matching; the same assumptions and the same limit.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Cost, Objective, State, Step
from ebmbench.objectives.directions import Law, draw_directions
from ebmbench.options import options


@options
class SlicedScoreMatching(Objective):
    """Score matching along random directions."""

    directions: Law = "rademacher"
    projections: Annotated[int, Field(gt=0)] = 1
    """Directions per example."""

    needs_smooth_energy: ClassVar[bool] = True
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> State:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return State()

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        x = batch.repeat(self.projections, 1)
        v = draw_directions(x, self.directions, generator)
        first, second = calculus.directional(energy, x, v, create_graph=True)
        return Step((0.5 * first * first + second).mean(), state)

    def cost(self, dim: int) -> Cost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return Cost(score=float(self.projections), hvp=float(self.projections))
