r"""Minimum probability flow: the rate at which dynamics towards the model leave the data.

.. math:: \ell = E_x E_\xi \exp\bigl\{\tfrac12 (E_\theta(x) - E_\theta(x + \epsilon\,\xi))\bigr\},
          \qquad \xi \sim N(0, I)

Sohl-Dickstein, Battaglino & DeWeese (2011, Physical Review Letters 107, 220601, arXiv:0906.4779),
with a symmetric Gaussian in place of the connected states and a mean over ``κ`` draws of it per
example in place of the sum; Song & Kingma (2021), Sect. 6.1.

Cost: ``1 + κ`` energies per example. Consistent where the neighbours link all parts of the
support. As ``ε → 0`` the loss is ``1 + (ε²/4) J`` with the loss ``J`` of score matching, so narrow
noise is as blind to mode weights. The exponential is dominated by the worst example: exponents
above :data:`LARGEST` go on linearly, which bounds the gradient; the share of them is reported as
``clamped``.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.neighbours import energies_of_neighbours
from ebmbench.options import options

LARGEST = 5.0
"""Exponent from which on the exponential is replaced by its tangent."""


@options
class MinimumProbabilityFlow(Objective[State]):
    """Minimum probability flow with Gaussian neighbours."""

    epsilon: Annotated[float, Field(gt=0)] = 0.5
    """``ε``: how far the neighbours are, in units of the data."""
    copies: Annotated[int, Field(gt=0)] = 1
    """``κ``: neighbours per example."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        here, near = energies_of_neighbours(
            energy, batch, self.epsilon, self.copies, generator=generator
        )
        exponent = 0.5 * (here - near)
        beyond = (exponent - LARGEST).clamp_min(0)
        flow = exponent.clamp_max(LARGEST).exp() + math.exp(LARGEST) * beyond
        clamped = (exponent.detach() > LARGEST).to(flow).mean()
        return Step(flow.mean(), state, {"clamped": clamped})

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.copies)
