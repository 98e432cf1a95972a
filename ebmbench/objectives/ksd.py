r"""Kernel Stein discrepancy: the largest one of all critics in the unit ball of a kernel.

.. math:: \ell = \frac{1}{b (b - 1)} \sum_{i \ne j} u(x_i, x_j), \qquad
          u(x, y) = s_x^\top s_y k + s_x^\top \nabla_y k + s_y^\top \nabla_x k
          + \mathrm{tr} \nabla_x \nabla_y k

Liu, Lee & Jordan (2016), Thm. 3.6 (arXiv:1602.03253), as a training objective: Barp, Briol,
Duncan, Girolami & Mackey (2019), arXiv:1906.08283; Song & Kingma (2021), Eq. 30. The kernel is
the inverse multiquadric :math:`(1 + \|x - y\|^2 / \ell^2)^{-1/2}` (Gorham & Mackey 2017) and the
mean over pairs of a batch is unbiased. ``ℓ`` is ``bandwidth`` times the median distance between
training rows and stays fixed: one that follows the batch would be another loss at every step.

Cost: one score per example and ``b²`` kernel values per step; no second derivative of the energy.
Its expectation is zero at the truth alone, where scores have a second moment. Blind to the weights
of separated modes, as score matching is; in many dimensions all distances are alike and it loses
power.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.calculus.stein import stein_kernel
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.options import options

ROWS = 1000
"""Training rows whose distances set the bandwidth, at most."""


@dataclass(frozen=True)
class Bandwidth(State):
    """The width of the kernel, fixed before training."""

    squared: Tensor
    """``ℓ²``, a scalar."""


@options
class KernelSteinDiscrepancy(Objective[Bandwidth]):
    """The unbiased squared kernel Stein discrepancy of each batch."""

    bandwidth: Annotated[float, Field(gt=0)] = 1.0
    """``ℓ`` over the median distance between training rows."""

    needs_smooth_energy: ClassVar[bool] = True
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> Bandwidth:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return Bandwidth(self.bandwidth**2 * torch.pdist(data[:ROWS]).median().square())

    def loss(
        self, energy: Energy, batch: Tensor, state: Bandwidth, generator: torch.Generator
    ) -> Step[Bandwidth]:
        """See :class:`~ebmbench.objectives.base.Objective`; a single row has no pairs: zero."""
        s = calculus.score(energy, batch, create_graph=True)
        u = stein_kernel(batch, s, state.squared)
        pairs = max(len(batch) * (len(batch) - 1), 1)
        return Step((u.sum() - u.diagonal().sum()) / pairs, state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(score=1.0)
