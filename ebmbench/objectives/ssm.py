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

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import State, Step
from ebmbench.objectives.directions import Sliced
from ebmbench.options import options


@options
class SlicedScoreMatching(Sliced):
    """Score matching along random directions."""

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        x, v = self.slices(batch, generator)
        first, second = calculus.directional(energy, x, v, create_graph=True)
        return Step((0.5 * first * first + second).mean(), state)
