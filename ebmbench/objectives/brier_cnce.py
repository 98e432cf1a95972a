r"""Conditional noise-contrastive estimation with the quadratic score.

.. math:: \ell(x, \xi) = \Bigl(\tanh\frac{E_\theta(y) - E_\theta(x)}{2} - 1\Bigr)^2, \qquad
          y = x + \epsilon\, \xi, \quad \xi \sim N(0, I)

As conditional noise-contrastive estimation (Ceylan & Gutmann 2018, arXiv:1806.03664) it tells an
example from a noisy copy by :math:`P = \sigma(E_\theta(y) - E_\theta(x))`; the logarithmic score
of that answer gives way to the quadratic one of Brier (1950), here ``4 (1 - P)²``: a proper score
too, so the optimum is the same, but bounded, so no pair can count for more than 4. The mean over
``κ`` copies per example is taken.

Cost: ``1 + κ`` energies per example. Consistent where the noise links all parts of the support.
As ``ε → 0`` the loss is ``1 + (ε²/2) J`` with the loss ``J`` of score matching, so narrow noise
is as blind to mode weights. Far from the optimum the bounded score is flat.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.neighbours import energies_of_neighbours
from ebmbench.options import options


@options
class BrierConditionalNoiseContrast(Objective[State]):
    """Each example against its own noisy copies by a bounded proper score."""

    epsilon: Annotated[float, Field(gt=0)] = 0.3
    """``ε``: standard deviation of the noise, in the coordinates of the energy."""
    copies: Annotated[int, Field(gt=0)] = 1
    """``κ``: noisy copies per example."""

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
        logits = near - here
        info = {"accuracy": (logits.detach() > 0).float().mean()}
        return Step(quadratic_score(logits).mean(), state, info)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.copies)


def quadratic_score(logits: Tensor) -> Tensor:
    """Return the loss of the module's equation for each ``E(y) - E(x)``."""
    return (torch.tanh(0.5 * logits) - 1).square()
