r"""Pseudo-spherical contrastive divergence: CD that weighs rows by their density.

.. math:: \nabla\ell = \sum_i w^+_i \nabla_\theta E_\theta(x^+_i) -
          \sum_j w^-_j \nabla_\theta E_\theta(x^-_j), \qquad
          w^\pm = \operatorname{softmax}(-\gamma E_\theta(x^\pm))

Yu, Song, Song & Ermon (2021, arXiv:2111.00780): the gradient of the pseudo-spherical
score :math:`-\tfrac1\gamma \log E_{p_{data}} q_\theta^\gamma + \tfrac{1}{\gamma + 1} \log \int
q_\theta^{\gamma + 1}` of the unnormalised :math:`q_\theta = e^{-E_\theta}`, a strictly proper
score that needs no ``Z``. The negatives are persistent chains
(:mod:`ebmbench.objectives.persistent`).

Cost: two energies and ``k`` scores per example, with MALA one more. Consistent for every ``γ > 0``
as long as the chains keep up; CD as ``γ → 0``. Rows of low model density count less the larger
``γ``, so outliers lose their pull; the weights of a finite batch bias the gradient, more so in
high dimensions, where few rows carry all.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Step, StepCost
from ebmbench.objectives.kernels import chain_info
from ebmbench.objectives.persistent import PersistentChains, WithChains
from ebmbench.options import options


@options
class PseudoSphericalContrastiveDivergence(WithChains[PersistentChains]):
    """PS-CD with persistent chains."""

    gamma: Annotated[float, Field(gt=0)] = 0.5
    """``γ``."""

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> PersistentChains:
        """See :class:`~ebmbench.objectives.base.Objective`; chains start at the reference."""
        return self.started(energy, generator)

    def loss(
        self, energy: Energy, batch: Tensor, state: PersistentChains, generator: torch.Generator
    ) -> Step[PersistentChains]:
        r"""See :class:`~ebmbench.objectives.base.Objective`; one chain per example.

        The value is :math:`\tfrac1\gamma \log \bar{e^{-\gamma E(x^-)}} - \tfrac1\gamma \log
        \bar{e^{-\gamma E(x^+)}}`, whose gradient with the negatives held is the one above.
        """
        trace, after = self.advanced(state, energy, len(batch), generator)
        both = calculus.value(energy, torch.cat([batch, trace.state.x]), create_graph=True)
        data, model = both[: len(batch)], both[len(batch) :]
        loss = self._log_mean(model) - self._log_mean(data)
        weights = torch.softmax(-self.gamma * data.detach(), 0)
        share = weights.square().sum().reciprocal() / len(batch)
        gap = (data.mean() - model.mean()).detach()
        info = {**chain_info(trace), "effective_share": share, "energy_gap": gap}
        return Step(loss, after, info)

    def _log_mean(self, energies: Tensor) -> Tensor:
        """Return the logarithm of the mean of ``exp(-γE)``, but for a constant, over ``γ``."""
        return torch.logsumexp(-self.gamma * energies, 0) / self.gamma

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=2.0, score=self.scores_of_chains())
