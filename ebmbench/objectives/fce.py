r"""Flow contrastive estimation: the noise is a flow that learns to be mistaken for the data.

.. math:: \max_\theta \min_\alpha\; E_{p_{data}} \log \sigma(G(x))
          + E_{q_\alpha} \log \sigma(-G(x')), \qquad G = -E_\theta - c - \log q_\alpha

Gao, Nijkamp, Kingma, Xu, Dai & Wu (2020), Flow Contrastive Estimation of Energy-Based Models
(arXiv:1912.00589). The energy and ``c`` descend the loss of noise-contrastive estimation at ``ν =
1``; the flow ascends it, which for an energy at its optimum lowers the Jensen-Shannon divergence
between flow and data. Draws are :math:`x' = g_\alpha(z)`, so the flow's gradient goes through
them, and there takes the score of the energy. The paper trains one of the two at a time, by the
accuracy of the contrast; here both make a step at every step, and what balances them is the
learning rate of the flow.

Cost: two energies and one score per example, and four rows through the flow. The optimum is the
data for both; the energy's is consistent for every flow that covers the data. The loss of one step
is no measure of fit, since the flow moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.against_noise import NoiseAndNormaliser, middle_log_z
from ebmbench.objectives.auxiliary import Network
from ebmbench.objectives.base import Objective, Step, StepCost
from ebmbench.objectives.flow_noise import FlowNoise
from ebmbench.objectives.nce import logistic_loss
from ebmbench.options import options


@dataclass(frozen=True)
class MovingFlow(NoiseAndNormaliser):
    """The flow as it is now, and the normaliser."""

    noise: FlowNoise


@options
class FlowContrastiveEstimation(Objective[MovingFlow]):
    """Energy and flow against each other."""

    flow_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Learning rate of the flow, constant."""
    flow_steps: Annotated[int, Field(ge=0)] = 0
    """Steps of maximum likelihood that the flow makes first; 0: it starts as the Gaussian of the
    rows."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False
    needs_packages: ClassVar[tuple[str, ...]] = ("zuko",)

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> MovingFlow:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        noise = FlowNoise.fit(data, self.flow_steps, self.flow_rate, generator)
        return MovingFlow(noise, middle_log_z(energy, data, noise, generator))

    def loss(
        self, energy: Energy, batch: Tensor, state: MovingFlow, generator: torch.Generator
    ) -> Step[MovingFlow]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        b, flow, log_z = len(batch), state.noise.network, state.log_z
        z = state.noise.base(b, generator)
        drawn, log_q = flow(z, True)
        both = -calculus.value(energy, torch.cat([batch, drawn]), create_graph=True) - log_z
        data = both[:b] - state.noise.log_prob(batch)
        loss, accuracy = logistic_loss(data, both[b:] - log_q)
        moved, _ = flow.descend(
            lambda network: -contrast(energy, batch, both.detach(), z, network=network),
            self.flow_rate,
        )
        info = {"accuracy": accuracy, "log_z": log_z.detach().clone()}
        return Step(loss, MovingFlow(FlowNoise(moved), log_z), info)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=2.0, score=1.0, auxiliary=4.0)


def contrast(
    energy: Energy, batch: Tensor, log_model: Tensor, z: Tensor, *, network: Network
) -> Tensor:
    """Return the loss of noise-contrastive estimation as a function of the flow, a scalar.

    Arguments:
        energy: the model, whose parameters get no gradient.
        batch: data, ``(b, d)``.
        log_model: ``-E - c`` at the data and at the draws, ``(2b,)``, without a graph.
        z: what the draws are made of, ``(b, d)``.
        network: the flow with a graph to its weights.
    """
    b = len(batch)
    drawn, log_q = network(z, True)
    s = calculus.score(energy, drawn.detach())
    # Worth nothing, with the slope that log p has where a draw moves.
    along = (s * (drawn - drawn.detach())).sum(-1)
    data = log_model[:b] - network(batch)[1]
    return 0.5 * (softplus(-data) + softplus(log_model[b:] + along - log_q)).mean()
