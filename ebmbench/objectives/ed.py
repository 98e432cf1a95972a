r"""Energy discrepancy: data against what a Gaussian blur makes of them.

.. math:: \ell(x) = \log\Bigl(\frac{w}{M}
          + \frac1M \sum_{j=1}^M e^{E_\theta(x) - E_\theta(x + \sqrt t\, \xi
          + \sqrt t\, \xi_j)}\Bigr), \qquad \xi, \xi_j \sim N(0, I)

Schröder et al. (2023), Eq. 10 and Sect. 4.2 (arXiv:2307.06431): the contrast between the energy
of the data and the energy of the model blurred by variance ``t`` at a blurred example
``x + √t ξ``, with the integral as a mean of ``M`` draws that ``w`` keeps from exploding.

Cost: ``1 + M`` energies per example and no derivative in ``x``. For exact integrals it tends to
score matching as ``t → 0`` (divided by ``t``) and to maximum likelihood as ``t → ∞``; with few
draws a wide blur seldom lands where the model has mass.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.options import options


@options
class EnergyDiscrepancy(Objective[State]):
    """Contrast examples with neighbours of their blurred copies."""

    t: Annotated[float, Field(gt=0)] = 1.0
    """Variance of each blur in the coordinates of the energy."""
    negatives: Annotated[int, Field(gt=0)] = 4
    """``M``: draws per example."""
    w: Annotated[float, Field(ge=0)] = 1.0
    """Stabiliser; 0 leaves the plain mean."""

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
        b, d = batch.shape
        blur = batch.new_empty(1 + self.negatives, b, d).normal_(generator=generator)
        negatives = batch + math.sqrt(self.t) * (blur[:1] + blur[1:])
        points = torch.cat([batch, negatives.flatten(0, 1)])
        values = calculus.value(energy, points, create_graph=True)
        gaps = values[:b] - values[b:].view(self.negatives, b)
        if self.w > 0:
            gaps = torch.cat([gaps, gaps.new_full((1, b), math.log(self.w))])
        loss = (torch.logsumexp(gaps, 0) - math.log(self.negatives)).mean()
        return Step(loss, state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.negatives)
