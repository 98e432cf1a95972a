r"""Maximum likelihood with long chains that start from noise.

.. math:: \nabla\ell = E_{p_{data}} \nabla_\theta E_\theta(x) -
          E_{p_\theta} \nabla_\theta E_\theta(x^-)

Song & Kingma (2021), Eq. 3-4 (arXiv:2101.03288). At every training step one fresh chain per
example starts at the reference Gaussian and makes many Metropolis-adjusted transitions (HMC
by default), whose step sizes follow the measured acceptance, ever more slowly, and are carried
from step to step (:mod:`ebmbench.samplers.step_sizes`).

Cost per example: two energies (data and negatives) and
``1 + transitions × leapfrog`` scores. Unbiased as the chains become long; with finitely many
transitions it is a non-convergent sampler (Nijkamp et al. 2019).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, Step, StepCost
from ebmbench.objectives.cd import ChainStepSizes
from ebmbench.objectives.contrast import contrastive_step
from ebmbench.objectives.kernels import KernelName, chain_info, make_kernel
from ebmbench.options import options
from ebmbench.samplers.anneal import anneal_chains
from ebmbench.samplers.base import Sampler
from ebmbench.samplers.bridge import Bridge, ReferenceGaussian
from ebmbench.samplers.hmc import HMC
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of


@options
class MCMCMaximumLikelihood(Objective[ChainStepSizes]):
    """Maximum likelihood, the expectation under the model by long chains."""

    transitions: Annotated[int, Field(gt=0)] = 10
    """Transitions of every chain at every training step."""
    sampler: KernelName = "hmc"
    """``hmc``, ``mala``, ``langevin``, or a sampler of one's own."""
    leapfrog: Annotated[int, Field(gt=0)] = 4
    """Leapfrog steps per transition of HMC."""
    step_size: Annotated[float, Field(gt=0)] = 0.3
    """Step size at the start: of HMC in units of the reference standard deviation, of MALA in
    those of the data."""
    annealed: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Fraction of the transitions made on the way from the reference to the model."""
    resample: bool = False
    """Whether chains are chosen by weight on that way: sequential Monte Carlo."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> ChainStepSizes:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        aim = self._kernel(None).target_acceptance
        return ChainStepSizes(StepSizes.start(self.step_size, aim, data))

    def loss(
        self, energy: Energy, batch: Tensor, state: ChainStepSizes, generator: torch.Generator
    ) -> Step[ChainStepSizes]:
        """See :class:`~ebmbench.objectives.base.Objective`; as many chains as examples."""
        reference = ReferenceGaussian.of(energy)
        kernel = self._kernel(reference.std)
        trace = anneal_chains(
            kernel,
            Bridge(reference, target_of(energy)),
            reference.draw(len(batch), generator),
            steps=self.transitions,
            rise=max(1, round(self.annealed * self.transitions)),
            resample=self.resample,
            step_sizes=state.step_sizes,
            generator=generator,
            target_acceptance=kernel.target_acceptance,
        )
        after = ChainStepSizes(trace.step_sizes)
        return contrastive_step(energy, batch, trace.state.x, after, info=chain_info(trace))

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=2.0, score=1.0 + self.transitions * self._kernel(None).scores)

    def _kernel(self, scale: Tensor | None) -> Sampler:
        return HMC(self.leapfrog, scale) if self.sampler == "hmc" else make_kernel(self.sampler)
