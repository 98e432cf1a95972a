r"""Contrastive divergence: short chains that start at the data.

.. math:: \nabla\ell = E_{p_{data}} \nabla_\theta E_\theta(x) -
          E_{x^- \sim K^k_\theta p_{data}} \nabla_\theta E_\theta(x^-)

Hinton (2002), Eq. 5; Song & Kingma (2021), Sect. 3 (arXiv:2101.03288). ``k`` Langevin (or MALA)
steps from the batch itself; the dependence of the negatives on the parameters is dropped.

Cost: two energies (data and negatives) and ``k`` scores per example, with MALA one more, that of
the last proposal. Biased: it equals maximum likelihood only as ``k → ∞``; for one step of size
``ε → 0`` its gradient tends to ``(ε²/2)`` times that of the Fisher divergence, so it inherits the
blindness of score matching to mode weights.

An adjusted kernel (``mala``, ``hmc``) adapts its step sizes to the acceptance, ever more slowly
(:mod:`ebmbench.samplers.step_sizes`); plain Langevin refuses nothing and keeps its step.
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
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of


@dataclass(frozen=True)
class ChainStepSizes(State):
    """What the chains of one step learn for those of the next."""

    step_sizes: StepSizes


@options
class ContrastiveDivergence(Objective[ChainStepSizes]):
    """CD-k."""

    steps: Annotated[int, Field(gt=0)] = 10
    """``k``: transitions per training step."""
    step_size: Annotated[float, Field(gt=0)] = 0.1
    """``ε`` at the start, in units of the data; MALA and HMC adapt it."""
    sampler: KernelName = "langevin"
    """``langevin``, ``mala``, ``hmc``, or a sampler of one's own."""
    energy_penalty: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the squared energies of data and negatives in the loss."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> ChainStepSizes:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        aim = make_kernel(self.sampler).target_acceptance
        return ChainStepSizes(StepSizes.start(self.step_size, aim, data))

    def loss(
        self, energy: Energy, batch: Tensor, state: ChainStepSizes, generator: torch.Generator
    ) -> Step[ChainStepSizes]:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        sampler = make_kernel(self.sampler)
        target = target_of(energy)
        chains = target.evaluate(batch)
        trace = run_chains(
            sampler,
            chains,
            target,
            self.steps,
            step_sizes=state.step_sizes,
            generator=generator,
            target_acceptance=sampler.target_acceptance,
            positions_only=True,
        )
        return contrastive_step(
            energy,
            batch,
            trace.state.x,
            ChainStepSizes(trace.step_sizes),
            info=chain_info(trace),
            energy_penalty=self.energy_penalty,
        )

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=2.0, score=chain_scores(make_kernel(self.sampler), self.steps))
