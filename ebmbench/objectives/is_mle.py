r"""Maximum likelihood with ``Z`` by importance sampling.

.. math:: \ell = E_{p_{data}}[E_\theta(x)]
          + \log \frac1m \sum_{j=1}^m e^{-E_\theta(x_j) - \log q(x_j)}, \qquad x_j \sim q

Geyer (1994), On the Convergence of Monte Carlo Maximum Likelihood Calculations; compared with
noise contrast by Gutmann & Hyvärinen (2012). The proposal ``q`` is a Gaussian, or a
mixture, fitted to the rows, and the ``m = ν b`` fresh proposals of a batch serve all its examples.

Cost: ``1 + ν`` energies per example. The logarithm of a mean is too small on average, by half the
relative variance of the mean: the gradient is biased at finite ``m``, and the model gets mass
where no proposal falls. Consistent as ``m → ∞``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.against_noise import (
    AgainstGaussians,
    FittedNoise,
    importance_log_z,
    log_ratios,
)
from ebmbench.objectives.base import Step
from ebmbench.options import options


@options
class ImportanceSampledLikelihood(AgainstGaussians[FittedNoise]):
    """The likelihood with an estimated partition function."""

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> FittedNoise:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return FittedNoise(self.fit_noise(data, generator))

    def loss(
        self, energy: Energy, batch: Tensor, state: FittedNoise, generator: torch.Generator
    ) -> Step[FittedNoise]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        data, noise = log_ratios(energy, batch, state.noise, self.nu, generator=generator)
        energies = -data - state.noise.log_prob(batch)
        log_z = importance_log_z(noise)
        return Step(energies.mean() + log_z, state, {"log_z": log_z.detach()})
