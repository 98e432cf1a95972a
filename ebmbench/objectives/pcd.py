r"""Persistent contrastive divergence: chains that live on from step to step.

.. math:: \nabla\ell = E_{p_{data}} \nabla_\theta E_\theta(x) -
          E_{x^-} \nabla_\theta E_\theta(x^-), \qquad x^-_{t} \sim K^k_{\theta_t}(x^-_{t-1}, \cdot)

Tieleman (2008); Song & Kingma (2021), Sect. 3 (arXiv:2101.03288). The chains lie in a replay
buffer (Du & Mordatch 2019): each step takes a random part of it, moves it ``k`` transitions and
puts it back where it came from; with a small probability a chain restarts from the reference
Gaussian. Every chain is advanced in place, so it is persistent in Tieleman's sense.

Cost: two energies and ``k`` scores per example, with MALA one more. Follows maximum likelihood as
long as the chains keep up with the parameters (small learning rate, good mixing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.contrast import contrastive_step
from ebmbench.objectives.kernels import KernelName, chain_info, chain_scores, make_kernel
from ebmbench.options import options
from ebmbench.samplers.bridge import ReferenceGaussian
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of


@dataclass(frozen=True)
class PersistentChains(State):
    """Chains that live on."""

    chains: Tensor
    """The replay buffer, ``(m, d)``."""
    step_sizes: StepSizes
    """How far they step."""


@options
class PersistentContrastiveDivergence(Objective[PersistentChains]):
    """PCD-k with a replay buffer and restarts."""

    steps: Annotated[int, Field(gt=0)] = 10
    """``k``: transitions per training step."""
    step_size: Annotated[float, Field(gt=0)] = 0.1
    """``ε`` at the start, in units of the data; MALA and HMC adapt it."""
    sampler: KernelName = "langevin"
    """``langevin``, ``mala``, ``hmc``, or a sampler of one's own."""
    buffer: Annotated[int, Field(gt=0)] = 10000
    """Chains in the replay buffer."""
    restart: Annotated[float, Field(ge=0, le=1)] = 0.01
    """Probability that a chain starts anew from the reference Gaussian."""
    energy_penalty: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the squared energies of data and negatives in the loss."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> PersistentChains:
        """See :class:`~ebmbench.objectives.base.Objective`; chains start at the reference."""
        chains = ReferenceGaussian.of(energy).draw(self.buffer, generator)
        aim = make_kernel(self.sampler).target_acceptance
        return PersistentChains(chains, StepSizes.start(self.step_size, aim, data))

    def loss(
        self, energy: Energy, batch: Tensor, state: PersistentChains, generator: torch.Generator
    ) -> Step[PersistentChains]:
        """See :class:`~ebmbench.objectives.base.Objective`; one chain per example."""
        chains = state.chains
        # A random block of neighbours: distinct chains at the price of one number.
        count = min(len(batch), len(chains))
        start = torch.randint(len(chains), (1,), generator=generator, device=batch.device)
        index = (start + torch.arange(count, device=batch.device)) % len(chains)
        x = self._restarted(energy, chains[index], generator)
        sampler = make_kernel(self.sampler)
        target = target_of(energy)
        trace = run_chains(
            sampler,
            target.evaluate(x),
            target,
            self.steps,
            step_sizes=state.step_sizes,
            generator=generator,
            target_acceptance=sampler.target_acceptance,
            positions_only=True,
        )
        moved = chains.index_copy(0, index, trace.state.x)
        return contrastive_step(
            energy,
            batch,
            trace.state.x,
            PersistentChains(moved, trace.step_sizes),
            info=chain_info(trace),
            energy_penalty=self.energy_penalty,
        )

    def _restarted(self, energy: Energy, x: Tensor, generator: torch.Generator) -> Tensor:
        fresh = ReferenceGaussian.of(energy).draw(len(x), generator)
        u = torch.empty_like(x[:, :1]).uniform_(generator=generator)
        return torch.where(u < self.restart, fresh, x)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=2.0, score=chain_scores(make_kernel(self.sampler), self.steps))
