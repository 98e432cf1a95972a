r"""Short-run chains from noise: a sampler that is trained, not a density.

.. math:: \nabla\ell = E_{p_{data}} \nabla_\theta E_\theta(x + \sigma z) -
          E_{x^- \sim K^k_\theta q} \nabla_\theta E_\theta(x^-)

Nijkamp, Hill, Zhu & Wu (2019, arXiv:1904.09770). At every training step fresh chains
start at the reference Gaussian ``q`` and make ``k`` unadjusted Langevin steps of a fixed size; the
data are smoothed by a little noise. ``k`` is too small for the chains to converge, and training
makes up for that: at the optimum the *ends of the chains* have the data's mean of
:math:`\nabla_\theta E` (a moment-matching estimator), so the chains draw well while
:math:`\exp(-E)` may be far off. The method brings them as its own sampler; the likelihood of the
energy is what a user pays who takes it for a density.

Cost: two energies and ``k`` scores per example. Maximum likelihood in the limit ``k → ∞``,
``ε → 0``, ``σ → 0``.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.contrast import contrastive_step
from ebmbench.objectives.kernels import chain_info, chain_scores
from ebmbench.options import options
from ebmbench.samplers.bridge import ReferenceGaussian
from ebmbench.samplers.langevin import Langevin
from ebmbench.samplers.run import Trace, run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of


@options
class ShortRunChains(Objective[State]):
    """Non-convergent Langevin chains from noise at every step."""

    steps: Annotated[int, Field(gt=0)] = 20
    """``k``: transitions of every chain."""
    step_size: Annotated[float, Field(gt=0)] = 0.1
    """``ε``, in units of the data; it does not change."""
    data_noise: Annotated[float, Field(ge=0)] = 0.03
    """``σ``, in units of the data."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def loss(
        self, energy: Energy, batch: Tensor, state: State, generator: torch.Generator
    ) -> Step[State]:
        """See :class:`~ebmbench.objectives.base.Objective`; as many chains as examples."""
        trace = self._run(energy, len(batch), generator)
        noisy = batch + self.data_noise * torch.empty_like(batch).normal_(generator=generator)
        return contrastive_step(energy, noisy, trace.state.x, state, info=chain_info(trace))

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=2.0, score=chain_scores(Langevin(), self.steps))

    def stored_sampler(self, energy: Energy) -> OwnSampler:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return OwnSampler(
            f"{self.steps} Langevin steps from noise, as in training",
            lambda n, generator: self._run(energy, n, generator).state.x,
        )

    def _run(self, energy: Energy, chains: int, generator: torch.Generator) -> Trace:
        x = ReferenceGaussian.of(energy).draw(chains, generator)
        target = target_of(energy)
        return run_chains(
            Langevin(),
            target.evaluate(x),
            target,
            self.steps,
            step_sizes=StepSizes.start(self.step_size, None, x),
            generator=generator,
            positions_only=True,
        )
