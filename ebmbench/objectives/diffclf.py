r"""Telling noise levels apart by the energies, with denoising score matching beside it.

.. math:: \ell = -E \log \frac{e^{-E_\theta(y, \sigma_i) - f_i}}
          {\sum_{j \in S} e^{-E_\theta(y, \sigma_j) - f_j}} + \lambda\,
          E\, \tfrac1{2d} \bigl\|\sigma_i\, s_\theta(y, \sigma_i) + z\bigr\|^2, \qquad
          y = x + \sigma_i z

DiffCLF (2026, arXiv:2601.21025); Yadin, Elata & Michaeli (2024) classify without a score. ``S``
holds the level of the row and ``k − 1`` others drawn for it; the answer for a set of levels that
are equally likely is the same softmax. ``f`` is learned, that of the highest level stays zero.

The softmax does not change if one and the same :math:`g(x)` is added to the energy of every level:
alone it learns ratios of levels and no density. Score matching fixes ``g``, all but its constants
on parts of the support that noise does not join; the classifier ties those from level to level.

Cost: ``k`` energies and one score per example. With ``λ > 0`` consistent for the data with the
noise of each level. Its own ``log Z`` is that of the highest level
(:func:`~ebmbench.objectives.levels.log_z_of_highest`) and the difference of both ``f``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
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
    numbers_of_levels,
    with_highest_noise,
)
from ebmbench.options import options


@dataclass(frozen=True)
class Offsets(NoisyRows):
    """What the softmax has beside the energies."""

    offsets: Tensor
    """``f`` of all levels but the highest, ``(L − 1,)`` with a gradient."""

    @property
    def learned(self) -> Mapping[str, Tensor]:
        """They are trained with the energy."""
        return {"offsets": self.offsets}


@options
class LevelClassification(ManyLevels[Offsets]):
    """A classifier of noise levels whose logits are the energies."""

    compared: Annotated[int, Field(gt=1)] = 2
    """``k``: levels among which that of a row is told."""
    score_weight: Annotated[float, Field(ge=0)] = 1.0
    """``λ``; at zero no density is learned."""

    needs_smooth_energy: ClassVar[bool] = True
    validates: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> Offsets:
        """See :class:`~ebmbench.objectives.base.Objective`; the start is normalised.

        Raises:
            EbmbenchError: the energy has fewer levels than are compared.
        """
        ladder = conditional(energy)
        if len(ladder.levels) < self.compared:
            raise EbmbenchError(
                f"{self.compared} noise levels are to be compared, and there are "
                f"{len(ladder.levels)}"
            )
        noisy = with_highest_noise(energy, data, generator)
        start = ladder.gaussian_log_z(ladder.levels).detach()
        return Offsets(noisy, (start[1:] - start[0]).requires_grad_())

    def loss(
        self, energy: Energy, batch: Tensor, state: Offsets, generator: torch.Generator
    ) -> Step[Offsets]:
        """See :class:`~ebmbench.objectives.base.Objective`.

        Raises:
            EbmbenchError: the energy has no noise levels.
        """
        ladder, (b, d), k = conditional(energy), batch.shape, self.compared
        levels = ladder.levels
        own = numbers_of_levels(levels, b, generator)
        z = torch.empty_like(batch).normal_(generator=generator)
        moved = batch + levels[own][:, None] * z
        # The others: ``k - 1`` different steps away, around the ladder.
        order = torch.empty(b, len(levels) - 1).to(batch).uniform_(generator=generator).argsort(1)
        steps = torch.cat([torch.zeros_like(own)[:, None], order[:, : k - 1] + 1], 1)
        compared = (own[:, None] + steps) % len(levels)
        offsets = torch.cat([torch.zeros_like(state.offsets[:1]), state.offsets])
        sigmas = levels[compared.T.flatten()]
        values = calculus.value(ladder.at(sigmas), moved.repeat(k, 1), create_graph=True)
        logits = -values.view(k, b).T - offsets[compared]
        classified = -torch.log_softmax(logits, 1)[:, 0].mean()
        accuracy = (logits.detach().argmax(1) == 0).to(batch).mean()
        info = {"accuracy": accuracy, "classified": classified.detach()}
        if not self.score_weight:
            return Step(classified, state, info)
        s = calculus.score(ladder.at(levels[own]), moved, create_graph=True)
        denoised = 0.5 * (levels[own][:, None] * s + z).square().sum(-1).mean() / d
        return Step(classified + self.score_weight * denoised, state, info)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=float(self.compared), score=1.0 if self.score_weight else 0.0)

    def own_log_z(self, energy: Energy, state: Offsets) -> Tensor | None:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return log_z_of_highest(energy, state.noisy) + state.offsets[-1]
