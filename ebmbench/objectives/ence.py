r"""Noise-contrastive estimation with the exponential loss.

.. math:: \ell = E_{p_{data}}\, e^{-G(x)/2} + E_{p_n}\, e^{G(x')/2}, \qquad
          G = -E_\theta - c - \log p_n

Liu, Rosenfeld, Ravikumar & Risteski (2022), Analyzing and Improving the Optimization Landscape of
Noise-Contrastive Estimation (arXiv:2110.11271). In place of the logistic loss the exponential one,
whose landscape stays steep where noise and data are far apart; the paper descends it by normalised
gradients, which Adam's steps, of a size that no scale of the loss changes, stand for here. At the
optimum :math:`e^{G} = p_{data} / p_n` the loss is ``2 ∫ √(p_data p_n)``, twice the Bhattacharyya
coefficient. ``ν`` noise points per example estimate the second mean.

Cost: ``1 + ν`` energies per example. Consistent for every noise that covers the data. Single
points of a huge ratio rule the gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.against_noise import (
    AgainstGaussians,
    LearnsNormaliser,
    NoiseAndNormaliser,
    log_ratios,
)
from ebmbench.objectives.base import Step
from ebmbench.options import options


@options
class ExponentialNoiseContrastiveEstimation(
    LearnsNormaliser, AgainstGaussians[NoiseAndNormaliser]
):
    """Data against Gaussian noise by the exponential loss."""

    def loss(
        self,
        energy: Energy,
        batch: Tensor,
        state: NoiseAndNormaliser,
        generator: torch.Generator,
    ) -> Step[NoiseAndNormaliser]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        data, noise = log_ratios(
            energy, batch, state.noise, self.nu, log_z=state.log_z, generator=generator
        )
        loss = (-0.5 * data).exp().mean() + (0.5 * noise).exp().mean()
        return Step(loss, state, {"log_z": state.log_z.detach().clone()})
