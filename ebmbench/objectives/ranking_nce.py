r"""Ranking noise-contrastive estimation: the example must be found among noise.

.. math:: \ell(x) = -\log \frac{e^{g(x)}}{e^{g(x)} + \sum_{j=1}^m e^{g(x_j)}}, \qquad
          g = -E_\theta - \log p_n, \quad x_j \sim p_n

Ma & Collins (2018), the ranking objective (arXiv:1809.01812), without a condition to rank under;
van den Oord, Li & Vinyals (2018) call it InfoNCE (arXiv:1807.03748). ``Z`` cancels. The ``m = ν
b`` fresh noise points of a batch are the alternatives of all its examples.

Cost: ``1 + ν`` energies per example. Consistent for every ``m ≥ 1`` and every noise that covers
the data; as ``m`` grows it tends to maximum likelihood by importance sampling, but the example
among the alternatives keeps each loss from below, at zero.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.against_noise import AgainstGaussians, FittedNoise, log_ratios
from ebmbench.objectives.base import Step
from ebmbench.options import options


@options
class RankingNoiseContrastiveEstimation(AgainstGaussians[FittedNoise]):
    """Each example ranked among noise points."""

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> FittedNoise:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return FittedNoise(self.fit_noise(data, generator))

    def loss(
        self, energy: Energy, batch: Tensor, state: FittedNoise, generator: torch.Generator
    ) -> Step[FittedNoise]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        data, noise = log_ratios(energy, batch, state.noise, self.nu, generator=generator)
        # logaddexp of each example with all alternatives, minus the example itself.
        loss = torch.logaddexp(data, torch.logsumexp(noise, 0)) - data
        found = data.detach() > noise.detach().max()
        return Step(loss.mean(), state, {"accuracy": found.float().mean()})
