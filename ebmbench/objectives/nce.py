r"""Noise-contrastive estimation: telling data from noise, with ``log Z`` learned.

.. math:: \ell = -E_{p_{data}} \log \sigma(G(x)) - \nu\, E_{p_n} \log \sigma(-G(x')), \qquad
          G(x) = -E_\theta(x) - c - \log p_n(x) - \log\nu

Gutmann & Hyvärinen (2012), Eq. 3 and 5; Song & Kingma (2021), Eq. 18-24 (arXiv:2101.03288). ``c``
is a parameter; at the optimum it is ``log Z``. The noise is a Gaussian with the mean and
covariance of the training rows, or a mixture of Gaussians fitted to them; ``ν`` noise points per
example. The loss is divided by ``1 + ν``.

Cost: ``1 + ν`` energies per example. Consistent for every noise that covers the data; its
variance depends on the noise and tends to that of maximum likelihood as ``ν → ∞``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

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
class LogisticContrast(LearnsNormaliser):
    """Logistic regression of data against noise."""

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
        loss, accuracy = logistic_loss(data, noise)
        return Step(loss, state, {"accuracy": accuracy, "log_z": state.log_z.detach().clone()})


@options
class NoiseContrastiveEstimation(LogisticContrast, AgainstGaussians[NoiseAndNormaliser]):
    """Logistic regression of data against Gaussian noise."""


def logistic_loss(data: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss of the module's equation and the balanced accuracy, scalars.

    Arguments:
        data: log-ratios of model and noise at data, ``(b,)``.
        noise: the same at noise points, ``(m,)``; ``ν = m / b``.
    """
    nu = len(noise) / len(data)
    data, noise = data - math.log(nu), noise - math.log(nu)
    found = (data.detach() > 0).float().mean() + (noise.detach() <= 0).float().mean()
    return (softplus(-data).mean() + nu * softplus(noise).mean()) / (1 + nu), 0.5 * found
