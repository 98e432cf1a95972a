r"""Learned Stein discrepancy: a critic finds where the score of the model is wrong.

.. math:: \min_\theta \max_f\; E_{p_{data}}\bigl[s_\theta^\top f + \nabla\cdot f\bigr]
          - \lambda\, E_{p_{data}} \|f\|^2

Grathwohl, Wang, Jacobsen, Duvenaud & Zemel (2020), Learning the Stein Discrepancy for Training and
Evaluating Energy-Based Models without Sampling (arXiv:2002.05616); Song & Kingma (2021), Eq. 30.
The best critic is :math:`f = (s_\theta - \nabla\log p_{data}) / 2\lambda`, where the objective is
the Fisher divergence over ``2λ``: so the gradient is that of score matching, without a second
derivative of the energy. The critic, a network with two hidden layers, makes some steps of Adam
up the objective at every step, its divergence estimated along a random direction.

The energy descends :math:`s_\theta^\top f` for the critic as it was before this batch, so that no
critic judges rows that it was fitted to; the critic then makes its steps on the batch.

Cost: one score per example, and per example ``1 + 2k`` rows through the critic for its ``k``
steps, there and back. As consistent as the critic is good; as score matching it does not see the
weights of separated modes. The loss of one step is no measure of fit, since the critic moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.auxiliary import Auxiliary, Network
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.directions import draw_directions
from ebmbench.objectives.networks import perceptron
from ebmbench.options import options


@dataclass(frozen=True)
class Critic(State):
    """The critic as it is now."""

    critic: Auxiliary
    """Maps rows ``(n, d)`` to ``f``, ``(n, d)``."""


@options
class LearnedSteinDiscrepancy(Objective[Critic]):
    """Score matching by a critic."""

    penalty: Annotated[float, Field(gt=0)] = 1.0
    """``λ``: weight of the squared norm of the critic."""
    critic_steps: Annotated[int, Field(gt=0)] = 5
    """``k``: steps of the critic per step of the energy."""
    critic_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Learning rate of the critic, constant."""
    width: Annotated[int, Field(gt=0)] = 128
    """Units in each of the critic's two hidden layers."""

    needs_smooth_energy: ClassVar[bool] = True
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> Critic:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        d = data.shape[1]
        layers = perceptron(d, self.width, d, 0.5, like=data, generator=generator)
        return Critic(Auxiliary.of(layers))

    def loss(
        self, energy: Energy, batch: Tensor, state: Critic, generator: torch.Generator
    ) -> Step[Critic]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        critic, s = state.critic, calculus.score(energy, batch, create_graph=True)
        loss = (s * critic(batch)).sum(-1).mean()
        value = torch.zeros_like(loss)
        for _ in range(self.critic_steps):
            v = draw_directions(batch, "gaussian", generator)

            def doubt(network: Network, v: Tensor = v) -> Tensor:
                return -stein(network, batch, s.detach(), v, penalty=self.penalty)

            critic, value = critic.descend(doubt, self.critic_rate)
        return Step(loss, Critic(critic), {"stein_discrepancy": -value})

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(score=1.0, auxiliary=1.0 + 2 * self.critic_steps)


def stein(critic: Network, x: Tensor, s: Tensor, v: Tensor, *, penalty: float) -> Tensor:
    """Return what the critic ascends, a scalar.

    Arguments:
        critic: with a graph to its weights.
        x: rows, ``(n, d)``.
        s: scores of the model there, ``(n, d)``.
        v: directions of identity covariance, along which the divergence is estimated.
        penalty: ``λ``.
    """
    x = x.detach().requires_grad_()
    f = critic(x)
    (slope,) = torch.autograd.grad((f * v).sum(), x, create_graph=True)
    calculus.record(auxiliary=len(x))
    each: Tensor = (s * f).sum(-1) + (slope * v).sum(-1) - penalty * (f * f).sum(-1)
    return each.mean()
