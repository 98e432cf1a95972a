r"""Conditional noise-contrastive estimation: telling data from neighbours of it.

.. math:: \ell(x, \xi) = 2 \log\bigl(1 + e^{E_\theta(x) - E_\theta(y)}\bigr), \qquad
          y = x + \epsilon\, \xi, \quad \xi \sim N(0, I)

Ceylan & Gutmann (2018), Eq. 12-13 with the symmetric noise of Sect. 3 (arXiv:1806.03664), whose
density cancels from the ratio; so does ``Z``. The mean over ``κ`` neighbours per example is taken.

Cost: ``1 + κ`` energies per example. Consistent where the noise links all parts of the support.
As ``ε → 0`` the loss is ``2 log 2 + (ε²/2) J`` with the loss ``J`` of score matching (loc. cit.,
App. B), so narrow noise is as blind to mode weights; wide noise makes the contrast easy.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.neighbours import energies_of_neighbours
from ebmbench.options import options


@options
class ConditionalNoiseContrastiveEstimation(Objective[State]):
    """Logistic regression of each example against its own noisy copies."""

    epsilon: Annotated[float, Field(gt=0)] = 0.5
    """``ε``: standard deviation of the noise in the coordinates of the energy."""
    copies: Annotated[int, Field(gt=0)] = 1
    """``κ``: noisy copies per example."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> State:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return State()

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        here, near = energies_of_neighbours(
            energy, batch, self.epsilon, self.copies, generator=generator
        )
        logits = near - here
        info = {"accuracy": (logits.detach() > 0).float().mean()}
        return Step(2 * softplus(-logits).mean(), state, info)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.copies)
