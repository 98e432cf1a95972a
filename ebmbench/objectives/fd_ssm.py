r"""Sliced score matching by finite differences.

.. math:: \ell(x, v) = \tfrac12 \Bigl(\frac{L_+ - L_-}{2\epsilon}\Bigr)^2
          + \frac{(L_+ - L_0) + (L_- - L_0)}{\epsilon^2}, \quad
          L_\pm = -E_\theta(x \pm \epsilon v),\ L_0 = -E_\theta(x),\ E\, v v^\top = I

Pang et al. (2020), Sect. 4.1 (arXiv:2007.03317), where the length of the step and ``v`` are one.
Both quotients are central, so the loss is that of sliced score matching up to
:math:`O(\epsilon^2)`. In float32 the second one rounds to about :math:`10^{-7} |E| / \epsilon^2`
per row, of mean zero.

Cost: three energies per example and projection, no derivative in ``x``. The energy must be smooth
all the same: the second difference of a kink is not bounded.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import State, Step, StepCost
from ebmbench.objectives.directions import Sliced
from ebmbench.options import options


@options
class FiniteDifferenceSlicedScoreMatching(Sliced):
    """Sliced score matching from three energies on a line."""

    epsilon: Annotated[float, Field(gt=0)] = 0.05
    """The step ``ε`` along ``v``, in the units of the data."""

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        x, v = self.slices(batch, generator)
        points = torch.cat([x + self.epsilon * v, x, x - self.epsilon * v])
        values = calculus.value(energy, points, create_graph=True)
        ahead, here, behind = -values.view(3, len(x))
        first = (ahead - behind) / (2 * self.epsilon)
        second = ((ahead - here) + (behind - here)) / self.epsilon**2
        return Step((0.5 * first * first + second).mean(), state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=3.0 * self.projections)
