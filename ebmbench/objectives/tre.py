r"""Telescoping ratio estimation: from a Gaussian down the noise levels, one easy ratio at a time.

.. math:: \log p_\theta(x; \sigma_{\min}) = \log q(x) + \sum_k r_k(x), \qquad
          r_k(x) = E_\theta(x, \sigma_{k-1}) + c_{k-1} - E_\theta(x, \sigma_k) - c_k

Rhodes, Xu & Gutmann (2020), Eq. 4-7 (arXiv:2006.12204). Each ratio is learned by telling the data
with the noise of one level from the data with that of the level above, the same row with the same
noise direction in both. Above the highest level is its Gaussian ``q``, the data's convolved with
that noise, in the place of :math:`E + c`. Their ratios are heads of one network; here they are
differences of the energy of many levels, so the sum telescopes to the lowest energy. Rows take
turns among the ratios.

Cost: four energies per example. Consistent for the data with the noise of each level; no ratio has
to bridge what separates the data from a Gaussian, and every one sees the weights of modes. The
constant of the lowest level is the method's own ``log Z``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import State, Step, StepCost
from ebmbench.objectives.levels import ManyLevels, conditional, numbers_of_levels
from ebmbench.options import options


@dataclass(frozen=True)
class Constants(State):
    """One constant for each level, trained with the energy."""

    constants: Tensor
    """``c``, ``(L,)`` with a gradient."""

    @property
    def learned(self) -> Mapping[str, Tensor]:
        """They are trained with the energy."""
        return {"constants": self.constants}


@options
class TelescopingRatioEstimation(ManyLevels[Constants]):
    """Logistic regression between neighbouring noise levels, and a Gaussian above them."""

    needs_smooth_energy: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> Constants:
        """See :class:`~ebmbench.objectives.base.Objective`; each level starts normalised."""
        ladder = conditional(energy)
        return Constants(ladder.gaussian_log_z(ladder.levels).detach().requires_grad_())

    def loss(
        self, energy: Energy, batch: Tensor, state: Constants, generator: torch.Generator
    ) -> Step[Constants]:
        """See :class:`~ebmbench.objectives.base.Objective`.

        Raises:
            EbmbenchError: the energy has no noise levels.
        """
        ladder, b = conditional(energy), len(batch)
        number = numbers_of_levels(ladder.levels, b, generator)
        above, top = (number - 1).clamp_min(0), number == 0
        gaussian = ladder.at(float(ladder.levels[0])).reference
        z = torch.empty_like(batch).normal_(generator=generator)
        lower = batch + ladder.levels[number][:, None] * z
        upper = batch + ladder.levels[above][:, None] * z
        upper = torch.where(top[:, None], gaussian.draw(b, generator), upper)
        both = torch.cat([lower, upper])

        def minus_log(which: Tensor) -> Tensor:
            twice = torch.cat([which, which])
            value = calculus.value(ladder.at(ladder.levels[twice]), both, create_graph=True)
            return value + state.constants[twice]

        start = gaussian.log_z - gaussian.log_density(both)
        ratio = torch.where(torch.cat([top, top]), start, minus_log(above)) - minus_log(number)
        loss = 0.5 * (softplus(-ratio[:b]).mean() + softplus(ratio[b:]).mean())
        found = ratio.detach()
        accuracy = 0.5 * ((found[:b] > 0).to(loss).mean() + (found[b:] <= 0).to(loss).mean())
        return Step(loss, state, {"accuracy": accuracy, "log_z": state.constants.detach()[-1]})

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=4.0)

    def own_log_z(self, energy: Energy, state: Constants) -> Tensor | None:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return state.constants[-1]
