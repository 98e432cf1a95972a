r"""Diffusion recovery likelihood: each noise level by likelihood, given the next noisier one.

.. math:: p_\theta(x \mid \tilde x;\, \sigma_i) \propto
          \exp\Bigl(-E_\theta(x, \sigma_i) - \frac{\|x - \tilde x\|^2}{2 s_i^2}\Bigr), \qquad
          \tilde x = x + s_i z, \quad s_i^2 = \sigma_{i-1}^2 - \sigma_i^2

Gao, Song, Poole, Wu & Kingma (2021, arXiv:2012.08125); recovery likelihood: Bengio, Yao, Alain &
Vincent (2013). ``x`` is a row with noise of its level, drawn at random for each row. Given
:math:`\tilde x` the model is narrow and nearly of one mode, so chains that start at
:math:`\tilde x` mix where those of the marginal do not:

.. math:: \nabla\ell = E\,\nabla_\theta E_\theta(x, \sigma_i) -
          E_{x^- \sim p_\theta(\cdot \mid \tilde x)} \nabla_\theta E_\theta(x^-, \sigma_i)

Chains move in :math:`(x - \tilde x) / s_i`, so that one step size serves all levels. Here noise is
added and rows are not shrunk (variance exploding); the noise above the highest level continues the
ratio of the first two. The paper's code divides the energy by a small step size inside the chains
and reads the likelihood of another temperature; here chains, loss and likelihood share one energy.

Cost: two energies and ``k`` scores per example, with MALA one more. Consistent for the data with
the noise of each level, as ``k`` grows; the weights of separated modes are seen at levels whose
noise links them, and reach the lower ones as the conditionals are normalised over both.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.objectives.base import Objective, Step, StepCost
from ebmbench.objectives.cd import ChainStepSizes
from ebmbench.objectives.contrast import contrastive_step
from ebmbench.objectives.kernels import KernelName, chain_info, chain_scores, make_kernel
from ebmbench.options import options
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import Model

ABOVE_ONE = 2.0
"""Ratio of the noise above to the level where there is but one."""


@options
class DiffusionRecoveryLikelihood(Objective[ChainStepSizes]):
    """Recovery likelihood of all levels of a conditional energy at once."""

    steps: Annotated[int, Field(gt=0)] = 10
    """``k``: transitions of every chain."""
    step_size: Annotated[float, Field(gt=0)] = 0.5
    """``ε`` at the start, in units of ``s_i``; MALA and HMC adapt it."""
    sampler: KernelName = "mala"
    """``langevin``, ``mala``, ``hmc``, or a sampler of one's own."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False
    needs_levels: ClassVar[bool] = True

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> ChainStepSizes:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        aim = make_kernel(self.sampler).target_acceptance
        return ChainStepSizes(StepSizes.start(self.step_size, aim, data))

    def loss(
        self, energy: Energy, batch: Tensor, state: ChainStepSizes, generator: torch.Generator
    ) -> Step[ChainStepSizes]:
        """See :class:`~ebmbench.objectives.base.Objective`.

        Raises:
            EbmbenchError: the energy has no noise levels.
        """
        if not isinstance(energy, ConditionalEnergy):
            raise EbmbenchError(f"energy {type(energy).__name__} has no noise levels")
        sigma, spacing = self._levels(energy, len(batch), generator)
        level = energy.at(sigma)
        kernel = make_kernel(self.sampler)
        x = batch + sigma[:, None] * torch.empty_like(batch).normal_(generator=generator)
        noisier = x + spacing * torch.empty_like(batch).normal_(generator=generator)
        value_and_score = calculus.value_and_score_of(level)

        def conditional(z: Tensor) -> tuple[Tensor, Tensor]:
            value, score = value_and_score(noisier + spacing * z)
            return -value - 0.5 * (z * z).sum(1), spacing * score - z

        target = Model(conditional)
        trace = run_chains(
            kernel,
            target.evaluate(torch.zeros_like(batch)),
            target,
            self.steps,
            step_sizes=state.step_sizes,
            generator=generator,
            target_acceptance=kernel.target_acceptance,
            positions_only=True,
        )
        negatives = noisier + spacing * trace.state.x
        both = energy.at(torch.cat([sigma, sigma]))
        after = ChainStepSizes(trace.step_sizes)
        return contrastive_step(both, x, negatives, after, info=chain_info(trace))

    def _levels(
        self, energy: ConditionalEnergy, count: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return a level for each row, ``(b,)``, and its ``s``, ``(b, 1)``."""
        levels = energy.levels
        ratio = levels[0] / levels[1] if len(levels) > 1 else ABOVE_ONE
        above = torch.cat([levels[:1] * ratio, levels[:-1]])
        index = torch.randint(len(levels), (count,), generator=generator, device=levels.device)
        spacing = (above**2 - levels**2).sqrt()
        return levels[index], spacing[index][:, None]

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=2.0, score=chain_scores(make_kernel(self.sampler), self.steps))
