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
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.noise import GaussianMixtureNoise
from ebmbench.options import options

START_ROWS = 1000
"""Rows of data, and as many of noise, from which ``c`` gets its first value."""


@dataclass(frozen=True)
class NoiseAndNormaliser(State):
    """The two things that noise-contrastive estimation adds to an energy."""

    noise: GaussianMixtureNoise
    """Fitted before training and fixed since."""
    log_z: Tensor
    """``c``, a scalar with a gradient."""

    @property
    def learned(self) -> Mapping[str, Tensor]:
        """``c`` is trained with the energy."""
        return {"log_z": self.log_z}


@options
class NoiseContrastiveEstimation(Objective[NoiseAndNormaliser]):
    """Logistic regression of data against Gaussian noise."""

    nu: Annotated[float, Field(gt=0)] = 1
    """``ν``: noise points per example; their number is rounded, to at least one per batch."""
    components: Annotated[int, Field(gt=0)] = 1
    """Gaussians in the noise."""
    inflation: Annotated[float, Field(gt=0)] = 1.0
    """Factor on the standard deviation of the noise, so that it covers the tails."""
    diagonal: bool = False
    """Whether the noise keeps the variances of the data only."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> NoiseAndNormaliser:
        r"""See :class:`~ebmbench.objectives.base.Objective`.

        With :math:`g = -E_\theta - \log p_n`, the mean of ``g`` under the noise is a lower bound
        of ``log Z``, and under the model an upper one. ``c`` starts half-way between the means
        under the noise and under the data: both classes are then equally hard, and an energy
        that starts near either gives a ``c`` near ``log Z``.
        """
        noise = GaussianMixtureNoise.fit(
            data, self.components, self.inflation, generator, self.diagonal
        )
        rows = data[:START_ROWS]
        x = torch.cat([rows, noise.sample(len(rows), generator)])
        log_z = (-calculus.value(energy, x) - noise.log_prob(x)).mean()
        return NoiseAndNormaliser(noise, log_z.requires_grad_())

    def loss(
        self,
        energy: Energy,
        batch: Tensor,
        state: NoiseAndNormaliser,
        generator: torch.Generator,
    ) -> Step[NoiseAndNormaliser]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        b = len(batch)
        noisy = max(1, round(self.nu * b))
        x = torch.cat([batch, state.noise.sample(noisy, generator)])
        nu = noisy / b
        log_model = -calculus.value(energy, x, create_graph=True) - state.log_z
        logits = log_model - state.noise.log_prob(x) - math.log(nu)
        data_term = softplus(-logits[:b]).mean()
        noise_term = softplus(logits[b:]).mean()
        found = logits.detach() > 0
        correct = 0.5 * (found[:b].float().mean() + (~found[b:]).float().mean())
        info = {"accuracy": correct, "log_z": state.log_z.detach().clone()}
        return Step((data_term + nu * noise_term) / (1 + nu), state, info)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=1.0 + self.nu)
