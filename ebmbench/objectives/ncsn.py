r"""Denoising score matching at many noise levels, in the form of an energy.

.. math:: \ell = E_i\, E_{x, z}\, \tfrac12 \Big\| \sigma_i\, s_\theta(x + \sigma_i z, \sigma_i)
          + z \Big\|^2, \qquad s_\theta(x, \sigma) = -\nabla_x E_\theta(x, \sigma)

Song & Ermon (2019), Eq. 5-6 with the weight ``λ(σ) = σ²`` (arXiv:1907.05600); Song & Kingma
(2021), Sect. 4.4. The rows of a batch take turns among the levels. Their network gives
the score itself; here it gives an energy (Salimans & Ho 2021), so that every level is a density up
to its ``Z``.

Cost: one score per example. The optimum of each level is the data density convolved with its
noise; nothing ties the constants of the levels. Each level alone is as blind to the weights of
separated modes as score matching is. What brings the weights is the way down from a noise in which
the modes overlap: annealed Langevin dynamics, the method's own sampler. The lowest level alone,
which is the density that is ranked, need not have them.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import State, Step, StepCost
from ebmbench.objectives.levels import ManyLevels, conditional, numbers_of_levels
from ebmbench.options import options


@options
class NoiseConditionalScoreMatching(ManyLevels[State]):
    """Denoising score matching of all levels of a conditional energy at once."""

    needs_smooth_energy: ClassVar[bool] = True
    validates: ClassVar[bool] = True

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`.

        Raises:
            EbmbenchError: the energy has no noise levels.
        """
        levels = conditional(energy).levels
        sigma = levels[numbers_of_levels(levels, len(batch), generator)]
        z = torch.empty_like(batch).normal_(generator=generator)
        moved = batch + sigma[:, None] * z
        s = calculus.score(conditional(energy).at(sigma), moved, create_graph=True)
        residual = sigma[:, None] * s + z
        return Step(0.5 * (residual * residual).sum(-1).mean(), state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(score=1.0)
