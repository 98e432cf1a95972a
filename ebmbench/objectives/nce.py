r"""Noise-contrastive estimation: telling data from noise, with ``log Z`` learned.

.. math:: \ell = -E_{p_{data}} \log \sigma(G(x)) - \nu\, E_{p_n} \log \sigma(-G(x')), \qquad
          G(x) = -E_\theta(x) - c - \log p_n(x) - \log\nu

Gutmann & Hyvärinen (2012), Eq. 3 and 5; Song & Kingma (2021), Eq. 18-24 (arXiv:2101.03288). ``c``
is a parameter; at the optimum it is ``log Z``. The noise is a Gaussian with the mean and
covariance of the training data, ``ν`` noise points per example. The loss is divided by ``1 + ν``.

Cost: ``1 + ν`` energies per example. Consistent for every noise that covers the data; its
variance depends on the noise and tends to that of maximum likelihood as ``ν → ∞``.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Cost, Objective, State, Step
from ebmbench.options import options


@options
class NoiseContrastiveEstimation(Objective):
    """Logistic regression of data against Gaussian noise."""

    nu: Annotated[int, Field(gt=0)] = 1
    """``ν``: noise points per example."""
    inflation: Annotated[float, Field(gt=0)] = 1.0
    """Factor on the standard deviation of the noise, so that it covers the tails."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> State:
        r"""See :class:`~ebmbench.objectives.base.Objective`.

        ``c`` starts at the log Z of the reference Gaussian,
        :math:`\sum_i \log\sigma_i + \tfrac d2 \log 2\pi`, which is where network energies start.
        """
        mean = data.double().mean(0)
        covariance = torch.cov(data.double().T).reshape(len(mean), len(mean))
        # A ridge of 1e-6 of the mean variance keeps the factor defined for degenerate data.
        ridge = 1e-6 * covariance.diagonal().mean()
        factor = torch.linalg.cholesky(covariance + ridge * torch.eye(len(mean)).to(covariance))
        d = data.shape[1]
        log_z = energy.reference[1].log().sum() + 0.5 * d * math.log(2 * math.pi)
        return State(
            learned={"log_z": log_z.detach().clone().to(data.dtype).requires_grad_()},
            tensors={
                "mean": mean.to(data.dtype),
                "factor": (self.inflation * factor).to(data.dtype),
            },
        )

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        mean, factor = state.tensors["mean"], state.tensors["factor"]
        b, d = batch.shape
        z = batch.new_empty(self.nu * b, d).normal_(generator=generator)
        x = torch.cat([batch, mean + z @ factor.T])
        whitened = torch.linalg.solve_triangular(factor, (batch - mean).T, upper=False).T
        squares = torch.cat([whitened, z]).square().sum(-1)
        log_noise = -0.5 * (squares + d * math.log(2 * math.pi)) - factor.diagonal().log().sum()
        log_model = -calculus.value(energy, x, create_graph=True) - state.learned["log_z"]
        logits = log_model - log_noise - math.log(self.nu)
        data_term = softplus(-logits[:b]).mean()
        noise_term = softplus(logits[b:]).mean()
        correct = 0.5 * ((logits[:b] > 0).float().mean() + (logits[b:] < 0).float().mean())
        loss = (data_term + self.nu * noise_term) / (1 + self.nu)
        return Step(
            loss,
            state,
            {"accuracy": correct.detach(), "log_z": state.learned["log_z"].detach().clone()},
        )

    def cost(self, dim: int) -> Cost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return Cost(energy=1.0 + self.nu)
