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

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import State, Step
from ebmbench.objectives.directions import Sliced
from ebmbench.options import options


@options
class SlicedScoreMatchingVR(Sliced):
    """Score matching with a stochastic trace."""

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        x, v = self.slices(batch, generator)
        s, curvature = calculus.score_and_directional(energy, x, v, create_graph=True)
        return Step((0.5 * (s * s).sum(-1) + curvature).mean(), state)
