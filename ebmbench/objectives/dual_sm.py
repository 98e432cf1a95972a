r"""Dual score matching: the score of noisy data in space, and its energy's slope in the noise.

.. math:: \ell = E\Bigl[\tfrac1d \bigl\|\sigma\, s_\theta(y, \sigma) + z\bigr\|^2 +
          \Bigl(\tfrac12 \bigl(1 - \tfrac1d\|z\|^2\bigr) -
          \tfrac1{2d}\, \partial_{\log\sigma} U_\theta(y, \sigma)\Bigr)^2\Bigr], \qquad
          y = x + \sigma z

Guth, Kadkhodaie & Simoncelli (2025), Eq. 9-11 with :math:`t = \sigma^2` (arXiv:2506.05310), ``σ``
log-uniform between the lowest and the highest level. :math:`U_\theta(y, \sigma) =
E_\theta(y, \sigma) + \log Z_\Sigma(\sigma)` has the constant of the Gaussian of the rows with that
noise, so that at the start it is normalised at all levels. The second term makes
:math:`U + \log p_\sigma` one constant for all levels, where score matching leaves one for each
level and, apart from each other, for each mode.

Cost: one score and one energy per example, the latter with its derivative in ``σ``. Consistent for
the data with the noise of each level, weights of modes included. It brings a ``log Z`` of its own:
that of the highest level (:func:`~ebmbench.objectives.levels.log_z_of_highest`), carried down.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.objectives.base import Step, StepCost
from ebmbench.objectives.levels import (
    ManyLevels,
    NoisyRows,
    conditional,
    log_z_of_highest,
    with_highest_noise,
)
from ebmbench.options import options


@options
class DualScoreMatching(ManyLevels[NoisyRows]):
    """Denoising score matching in space and in the logarithm of the noise."""

    needs_smooth_energy: ClassVar[bool] = True
    validates: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> NoisyRows:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return NoisyRows(with_highest_noise(energy, data, generator))

    def loss(
        self, energy: Energy, batch: Tensor, state: NoisyRows, generator: torch.Generator
    ) -> Step[NoisyRows]:
        """See :class:`~ebmbench.objectives.base.Objective`.

        Raises:
            EbmbenchError: the energy has no noise levels, or none between those that it names.
        """
        ladder, (b, d) = conditional(energy), batch.shape
        # One level in each of ``b`` equal parts of the range, whatever it is for a row.
        shares = torch.empty_like(batch[:, 0]).uniform_(generator=generator)
        shares = (torch.arange(b).to(batch) + shares) / b
        high, low = ladder.levels[0].log(), ladder.levels[-1].log()
        log_sigma = (high + (low - high) * shares).requires_grad_()
        z = torch.empty_like(batch).normal_(generator=generator)
        sigma = log_sigma.exp()
        moved = batch + sigma.detach()[:, None] * z
        s = calculus.score(ladder.at(sigma.detach()), moved, create_graph=True)
        space = (sigma.detach()[:, None] * s + z).square().sum(-1) / d
        u = calculus.value(ladder.at(sigma), moved, create_graph=True)
        u = u + ladder.gaussian_log_z(sigma)
        try:
            (slope,) = torch.autograd.grad(u.sum(), log_sigma, create_graph=True)
        except RuntimeError:
            raise EbmbenchError(
                f"energy {type(energy).__name__} is not differentiable in the noise level"
            ) from None
        in_noise = (0.5 * (1 - (z * z).sum(-1) / d) - 0.5 * slope / d).square()
        parts = {"space": space.detach().mean(), "noise": in_noise.detach().mean()}
        return Step((space + in_noise).mean(), state, parts)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0, score=1.0)

    def own_log_z(self, energy: Energy, state: NoisyRows) -> Tensor | None:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        ladder = conditional(energy)
        ends = ladder.gaussian_log_z(ladder.levels[[0, -1]])
        return log_z_of_highest(energy, state.noisy) + ends[1] - ends[0]
