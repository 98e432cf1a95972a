r"""Denoising score matching with a control variate.

.. math:: \ell(x, z) = \tfrac12 \|s_\theta(\tilde x)\|^2
          + \tfrac1\sigma \bigl(s_\theta(\tilde x) - s_\theta(x)\bigr)^\top z, \qquad
          \tilde x = x + \sigma z, \quad z \sim N(0, I)

Wang, Cheng, Li, Zhu & Zhang (2020), A Wasserstein Minimum Velocity Approach to Learning
Unnormalized Models (arXiv:2002.07501); Song & Kingma (2021), Eq. 12-14
(arXiv:2101.03288). From the loss of denoising score matching, over ``σ²``, its part
:math:`s_\theta(x)^\top z / \sigma` of mean zero is taken, and what does not depend on the model:
the expected gradient is the same, and its variance stays bounded as ``σ → 0``, where the loss
tends path by path to sliced score matching with reduced variance along ``z``.

Cost: two scores per example. The optimum is still the data density convolved with ``N(0, σ² I)``,
but ``σ`` may be small now. At a wide ``σ`` the control variate is the noisier of the two.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.options import options


@options
class DenoisingScoreMatchingCV(Objective[State]):
    """Denoising score matching whose noise may be narrow."""

    sigma: Annotated[float, Field(gt=0)] = 0.03
    """Standard deviation of the noise, in the coordinates of the energy."""

    needs_smooth_energy: ClassVar[bool] = True
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        z = torch.empty_like(batch).normal_(generator=generator)
        x = torch.cat([batch + self.sigma * z, batch])
        moved, still = calculus.score(energy, x, create_graph=True).chunk(2)
        return Step(reduced_loss(moved, still, z, self.sigma).mean(), state)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(score=2.0)


def reduced_loss(moved: Tensor, still: Tensor, z: Tensor, sigma: float) -> Tensor:
    """Return the loss of the module's equation for each row, ``(n,)``.

    Arguments:
        moved: scores at ``x + σz``, ``(n, d)``.
        still: scores at ``x``, ``(n, d)``.
        z: the noise, ``(n, d)``.
        sigma: ``σ``.
    """
    return 0.5 * (moved * moved).sum(-1) + ((moved - still) * z).sum(-1) / sigma
