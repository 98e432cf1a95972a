r"""VERA: a generator draws from the model, kept from collapsing by the gradient of its entropy.

.. math:: \min_\theta \max_\phi\; E_{p_{data}}[E_\theta(x)] - E_{q_\phi}[E_\theta(x)]
          + \lambda H(q_\phi) + \tfrac\gamma2 E_{p_{data}} \|\nabla_x E_\theta(x)\|^2

Grathwohl, Kelly, Hashemi, Norouzi, Swersky & Duvenaud (2021), No MCMC for me: Amortized Sampling
for Fast and Stable Training of Energy-Based Models (arXiv:2010.04230); Song & Kingma (2021),
Eq. 32. For ``λ = 1`` the generator descends :math:`KL(q_\phi \| p_\theta)`, and where it reaches
zero the energy's gradient is that of maximum likelihood, but for the penalty. The draws move by
:math:`\nabla_\phi x^\top (s_\theta(x) - \lambda \nabla_x \log q_\phi(x))`, the last score by
importance sampling (:mod:`~ebmbench.objectives.noisy_generator`). Penalty and weights are those of
the published code, which has ``γ = 0`` but for images of classes.

The generator starts as the Gaussian where the energy starts. Energy, generator and proposal each
make one step at every step; the energy sees the generator as it was.

Cost: two energies and one score per example, with a penalty one more, and ``m + 5`` rows through
the generator for ``m`` draws. Consistent for ``γ = 0`` if the generator's family, of noise no
less than 0.01, holds the model. The loss of one step is no measure of fit, since both move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.auxiliary import Auxiliary, Network
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.networks import perceptron
from ebmbench.objectives.noisy_generator import (
    Deviations,
    NoisyGenerator,
    entropy_gradient,
    evidence_bound,
)
from ebmbench.options import options

BETAS = (0.0, 0.9)
"""Of the generator's Adam, as published: no momentum against an energy that moves."""


@dataclass(frozen=True)
class Adversary(State):
    """The generator as it is now, and what its entropy is estimated with."""

    generator: Auxiliary
    """A :class:`~ebmbench.objectives.noisy_generator.NoisyGenerator`."""
    proposal: Auxiliary
    """A :class:`~ebmbench.objectives.noisy_generator.Deviations`."""


@options
class EntropyRegularisedGenerator(Objective[Adversary]):
    """Energy and generator against each other."""

    entropy_weight: Annotated[float, Field(ge=0)] = 1.0
    """``λ``; only 1 makes the generator's target the model."""
    gradient_penalty: Annotated[float, Field(ge=0)] = 0.0
    """``γ``."""
    draws: Annotated[int, Field(gt=0)] = 20
    """``m``: from the proposal for each draw of the generator."""
    inflation: Annotated[float, Field(gt=0)] = 3.0
    """Factor on the proposal's deviations; 1 as published."""
    generator_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Learning rate of the generator, constant."""
    generator_steps: Annotated[int, Field(gt=0)] = 1
    """``k``: steps of the generator and its proposal per step of the energy."""
    proposal_rate: Annotated[float, Field(gt=0)] = 2e-2
    """Learning rate of the proposal's deviations, constant."""
    width: Annotated[int, Field(gt=0)] = 128
    """Units in each of the generator's two hidden layers."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> Adversary:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        d = data.shape[1]
        network = perceptron(d, self.width, d, 0.0, like=data, generator=generator)
        drawing = NoisyGenerator(network, energy.reference.to(data))
        return Adversary(Auxiliary.of(drawing), Auxiliary.of(Deviations(d, data)))

    def loss(
        self, energy: Energy, batch: Tensor, state: Adversary, generator: torch.Generator
    ) -> Step[Adversary]:
        """See :class:`~ebmbench.objectives.base.Objective`; as many draws as examples."""
        x, after, info = self._step(energy, batch, state, generator)
        for _ in range(self.generator_steps - 1):
            _, after, info = self._step(energy, batch, after, generator)
        both = calculus.value(energy, torch.cat([batch, x]), create_graph=True)
        gap = both[: len(batch)].mean() - both[len(batch) :].mean()
        loss = gap
        if self.gradient_penalty:
            slope = calculus.score(energy, batch, create_graph=True)
            loss = gap + 0.5 * self.gradient_penalty * slope.square().sum(-1).mean()
        return Step(loss, after, {"energy_gap": gap.detach(), **info})

    def _step(
        self, energy: Energy, like: Tensor, state: Adversary, generator: torch.Generator
    ) -> tuple[Tensor, Adversary, Mapping[str, Tensor]]:
        """Return draws of the generator, both networks after a step on these, and diagnostics."""
        h, noise, z = (torch.empty_like(like).normal_(generator=generator) for _ in range(3))
        mean, sigma = state.generator(h)
        x = mean + sigma * noise
        entropy = entropy_gradient(
            state.generator,
            state.proposal,
            x,
            h,
            draws=self.draws,
            inflation=self.inflation,
            random=generator,
        )
        ascent = calculus.score(energy, x) + self.entropy_weight * entropy.ascent

        def against(network: Network) -> Tensor:
            mean, sigma = network(h)
            found: Tensor = -(ascent * (mean + sigma * noise)).sum(-1).mean()
            return found

        after, _ = state.generator.descend(against, self.generator_rate, BETAS)
        proposal, _ = state.proposal.descend(
            lambda network: -evidence_bound(state.generator, network, x, h, z),
            self.proposal_rate,
        )
        info = {"effective_share": entropy.effective_share, "noise": sigma}
        return x, Adversary(after, proposal), info

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(
            energy=2.0,
            score=self.generator_steps + (1.0 if self.gradient_penalty else 0.0),
            auxiliary=float(self.generator_steps * (4 + self.draws)),
        )
