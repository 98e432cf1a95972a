r"""Noisier noise-contrastive estimation: noise that counts as ``M`` times as much as is drawn.

.. math:: \ell = -E_{p_{data}} \log \sigma(G - \log M) - M\, E_{p_n} \log \sigma(\log M - G)
          - \log M, \qquad G = -E_\theta - c - \log p_n

Yu et al. (2026), "Noisier" Noise Contrastive Estimation is (Almost) Maximum Likelihood
(arXiv:2405.16730). It is noise-contrastive estimation with ``M`` noise points per example, whose
second mean is taken over ``ν`` of them: the *virtual* ratio ``M`` costs nothing. ``log M`` is
subtracted, so that the loss has a limit:

.. math:: \ell = E_{p_{data}}[\mathrm{softplus}(G - \log M) - G]
          + M\, E_{p_n}\, \mathrm{softplus}(G - \log M)
          \;\to\; E_{p_{data}}[-G] + E_{p_n} e^{G} \quad (M \to \infty),

the self-normalised likelihood plus one, with an error of order ``1/M``.

Cost: ``1 + ν`` energies per example. Consistent for every ``M`` and every noise that covers the
data. Gradients tend to those of maximum likelihood as ``M`` grows, and then have the variance of
importance sampling from the noise: a large ``M`` does not help where noise never meets the data.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from pydantic import Field
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
class NoisierNoiseContrastiveEstimation(LearnsNormaliser, AgainstGaussians[NoiseAndNormaliser]):
    """Logistic regression of data against noise of a virtual ratio."""

    magnitude: Annotated[float, Field(ge=1)] = 10.0
    """``M``: how much the noise counts against the data."""

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
        positive, negative = noisier_terms(data, noise, self.magnitude)
        loss = positive.mean() + negative.mean()
        return Step(loss, state, {"log_z": state.log_z.detach().clone()})


def noisier_terms(data: Tensor, noise: Tensor, magnitude: float) -> tuple[Tensor, Tensor]:
    """Return both terms of the module's equation before their means, ``(b,)`` and ``(m,)``.

    Arguments:
        data: ``G`` at data, ``(b,)``.
        noise: ``G`` at noise points, ``(m,)``.
        magnitude: ``M``.
    """
    shift = math.log(magnitude)
    # softplus(log M - G) - log M without the cancellation of two large numbers.
    return softplus(data - shift) - data, magnitude * softplus(noise - shift)
