r"""f-EBM: minimises any f-divergence, by a critic that estimates the log-ratio of data and model.

.. math:: \min_\theta \max_H\; E_{p_{data}}\bigl[f'(e^u)\bigr]
          - E_{p_\theta}\bigl[f^*(f'(e^u))\bigr], \qquad u = H(x) + E_\theta(x)

Yu, Song, Song & Ermon (2020), Training Deep Energy-Based Models with f-Divergence Minimization
(arXiv:2003.03463). The best critic is :math:`H = \log p_{data} + \log Z_\theta`, where ``u`` is
the log-ratio and the bound (:mod:`~ebmbench.objectives.f_divergences`) the divergence. Its
gradient in θ for that critic, with :math:`g = f^*(f'(e^u))`, is the divergence's own,

.. math:: E_{p_{data}} \nabla_\theta f'(e^u) - E_{p_\theta} \nabla_\theta g
          + E_{p_\theta}[g \nabla_\theta E] - E_{p_\theta}[g]\, E_{p_\theta}[\nabla_\theta E],

the last two terms from the model's draws, here persistent chains
(:mod:`ebmbench.objectives.persistent`). For ``kl`` this is maximum likelihood, whose gradient
needs no critic.

Two choices are not the paper's. Under the gradient ``E`` stands for :math:`E + \log Z`, that is
less its mean over the chains: with the best critic this changes nothing, a constant of the
energy is never pushed against the critic's own, and ``kl`` is CD whatever the critic is. And the
critic is a network less the energy of the Gaussian where training starts, so that ``u`` is zero
there. As published for images, exponentials see ``u`` within bounds.

Cost: two energies and ``k`` scores per example, with MALA one more, and two rows through the
critic, once and at each of its steps. Consistent as long as chains and critic keep up. The loss of
one step is no measure of fit, since both move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.objectives.auxiliary import Auxiliary, Network
from ebmbench.objectives.base import State, Step, StepCost
from ebmbench.objectives.f_divergences import DIVERGENCES, Divergence, DivergenceName
from ebmbench.objectives.kernels import chain_info
from ebmbench.objectives.networks import perceptron
from ebmbench.objectives.persistent import PersistentChains, WithChains
from ebmbench.options import options

START_ROWS = 1000
"""Rows of data whose mean log-ratio is zero at the start."""


class LogDensityCritic(nn.Module):
    """``H``: a network plus the log-density of a Gaussian, but for a constant.

    Arguments:
        network: maps rows ``(n, d)`` to ``(n, 1)``.
        gaussian: where it starts.
        shift: the constant.
    """

    mean: Tensor
    std: Tensor
    root: Tensor | None
    shift: Tensor

    def __init__(self, network: nn.Module, gaussian: Gaussian, shift: Tensor) -> None:
        super().__init__()
        self.network = network
        for name in ("mean", "std", "root"):
            self.register_buffer(name, getattr(gaussian, name))
        self.register_buffer("shift", shift)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``H(x)``, ``(n,)``, of ``x``, ``(n, d)``."""
        gaussian = Gaussian(self.mean, self.std, self.root)
        found: Tensor = self.network(x)[:, 0] + gaussian.log_density(x) + self.shift
        return found


@dataclass(frozen=True)
class CriticAndChains(State):
    """The critic as it is now, and the draws of the model."""

    critic: Auxiliary
    """A :class:`LogDensityCritic`."""
    chains: PersistentChains


@options
class FDivergenceMinimisation(WithChains[CriticAndChains]):
    """Energy and critic against each other, draws by persistent chains."""

    divergence: DivergenceName = "jensen-shannon"
    """``f``."""
    critic_steps: Annotated[int, Field(gt=0)] = 5
    """Steps of the critic per step of the energy."""
    critic_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Learning rate of the critic, constant."""
    width: Annotated[int, Field(gt=0)] = 128
    """Units in each of the critic's two hidden layers."""
    most: Annotated[float, Field(gt=0)] = 5.0
    """Log-ratios count as no larger than this, and no smaller than its negative."""

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> CriticAndChains:
        """See :class:`~ebmbench.objectives.base.Objective`; chains start at the reference."""
        rows, gaussian = data[:START_ROWS], energy.reference.to(data)
        network = perceptron(data.shape[1], self.width, 1, 0.0, like=data, generator=generator)
        shift = -(calculus.value(energy, rows) + gaussian.log_density(rows)).mean()
        chains = self.started(energy, generator)
        critic = Auxiliary.of(LogDensityCritic(network, gaussian, shift))
        return CriticAndChains(critic, chains)

    def loss(
        self, energy: Energy, batch: Tensor, state: CriticAndChains, generator: torch.Generator
    ) -> Step[CriticAndChains]:
        """See :class:`~ebmbench.objectives.base.Objective`; one chain per example.

        The energy descends for the critic as it was before this batch, so that no critic judges
        rows that it was fitted to.
        """
        b, f = len(batch), DIVERGENCES[self.divergence]
        trace, chains = self.advanced(state.chains, energy, b, generator)
        x = torch.cat([batch, trace.state.x])
        energies = calculus.value(energy, x, create_graph=True)
        model = energies[b:]
        normalised = energies - (model.mean() - model.detach().mean())
        u = self._bounded(state.critic(x) + normalised)
        loss = surrogate(f, u[:b], u[b:], model)
        critic, value = state.critic, torch.zeros_like(loss)
        for _ in range(self.critic_steps):

            def doubt(network: Network) -> Tensor:
                u = self._bounded(network(x) + energies.detach())
                return -f.bound(u[:b], u[b:])

            critic, value = critic.descend(doubt, self.critic_rate)
        gap = (energies[:b].mean() - model.mean()).detach()
        info = {**chain_info(trace), "energy_gap": gap, "divergence": -value}
        return Step(loss, CriticAndChains(critic, chains), info)

    def _bounded(self, u: Tensor) -> Tensor:
        # The gradient passes, or a critic that is out of bounds would stay there.
        return u + (u.clamp(-self.most, self.most) - u).detach()

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(
            energy=2.0,
            score=self.scores_of_chains(),
            auxiliary=2.0 * (1 + self.critic_steps),
        )


def surrogate(f: Divergence, data: Tensor, model: Tensor, energies: Tensor) -> Tensor:
    """Return a scalar with the value of the bound and the gradient of the module's equation.

    Arguments:
        f: the divergence.
        data: log-ratios ``u`` at rows of the data, ``(b,)``, with a graph to the energy.
        model: the same at draws of the model, ``(m,)``.
        energies: of these draws, ``(m,)``, with the graph.
    """
    weights = f.conjugate(model).detach()
    moved = (weights - weights.mean()) * (energies - energies.detach())
    return f.bound(data, model) + moved.mean()
