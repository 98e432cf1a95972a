r"""Self-normalised likelihood: a lower bound of the likelihood with ``log Z`` learned.

.. math:: \ell = E_{p_{data}}[E_\theta(x)] + b + E_{q}\, e^{-E_\theta(x') - b - \log q(x')} - 1

Senetaire, Jeha, Mattei & Frellsen (2025), Learning Energy-Based Models by Self-normalising the
Likelihood (arXiv:2503.07021). By :math:`\log z \le z e^{-b} + b - 1`, with equality at ``b = log
z``, the loss is above the negative log-likelihood and touches it at ``b = log Z``. It is the bound
of Nguyen, Wainwright & Jordan on the Kullback-Leibler divergence, the limit of noisier
noise-contrastive estimation. The proposal ``q`` is a Gaussian, or a mixture, fitted to the rows;
``ν`` proposals per example; ``b`` starts at the estimate of ``log Z`` by importance sampling.

Cost: ``1 + ν`` energies per example. Unbiased gradients and consistent for every proposal that
covers the model; their variance is that of the importance weights, which is infinite where the
model has heavier tails than the proposal.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.against_noise import (
    START_ROWS,
    AgainstGaussians,
    NoiseAndNormaliser,
    importance_log_z,
    log_ratios,
)
from ebmbench.objectives.base import Step
from ebmbench.options import options


@options
class SelfNormalisedLikelihood(AgainstGaussians[NoiseAndNormaliser]):
    """Maximum likelihood with a variational bound of ``log Z``."""

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> NoiseAndNormaliser:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        noise = self.fit_noise(data, generator)
        x = noise.sample(START_ROWS, generator)
        log_z = importance_log_z(-calculus.value(energy, x) - noise.log_prob(x))
        return NoiseAndNormaliser(noise, log_z.requires_grad_())

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
        # E + b at the data: the density of the proposal is no part of the bound there.
        energies = -data - state.noise.log_prob(batch)
        loss = energies.mean() + noise.exp().mean() - 1
        return Step(loss, state, {"log_z": state.log_z.detach().clone()})
