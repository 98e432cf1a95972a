r"""Sliced score matching with reduced variance.

.. math:: \ell(x, v) = \tfrac12 \|s_\theta(x)\|^2 + v^\top \nabla_x s_\theta(x)\, v,
          \qquad E\, v v^\top = I

Song et al. (2019), Eq. 8 (arXiv:1905.07088); Song & Kingma (2021), Eq. 17 (arXiv:2101.03288) with
the sign of the second term corrected. The first term of sliced score matching is replaced by its
mean over ``v``; the second is Hutchinson's estimate of the trace.

Cost: one score and one Hessian-vector product per example and projection. The expectation over
``v`` is that of score matching; the same assumptions and the same limit.
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
class SlicedScoreMatchingVR(Objective):
    """Score matching with a stochastic trace."""

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
        s, curvature = calculus.score_and_directional(energy, x, v, create_graph=True)
        return Step((0.5 * (s * s).sum(-1) + curvature).mean(), state)

    def cost(self, dim: int) -> Cost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return Cost(score=float(self.projections), hvp=float(self.projections))
