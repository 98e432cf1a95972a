r"""Score matching with the exact trace.

.. math:: \ell(x) = \tfrac12 \|s_\theta(x)\|^2 + \nabla_x \cdot s_\theta(x), \qquad
          s_\theta = -\nabla_x E_\theta

Hyvärinen (2005), Eq. 4; Song & Kingma (2021), Eq. 8 (arXiv:2101.03288), which prints the second
term with the sign of the trace of the *energy's* Hessian reversed: :math:`\nabla\cdot s =
-\operatorname{tr}\nabla^2 E`, so the energy's curvature enters with a minus. As printed the fit of
a Gaussian diverges. The loss is the Fisher divergence up to a constant of the data.

Cost: one score and ``d`` Hessian-vector products per example. Assumes a smooth data density whose
product with the score vanishes at infinity. Consistent, but blind to the weights of modes that
are well separated.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.options import options


@options
class ScoreMatching(Objective[State]):
    """Minimise the Fisher divergence through integration by parts."""

    needs_smooth_energy: ClassVar[bool] = True
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        s, laplacian = calculus.score_and_laplacian(energy, batch, create_graph=True)
        return Step((0.5 * (s * s).sum(-1) + laplacian).mean(), state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(score=1.0, hvp=float(dim))
