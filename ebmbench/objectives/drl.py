r"""Diffusion recovery likelihood: each noise level by likelihood, given the next noisier one.

.. math:: p_\theta(x \mid \tilde x;\, \sigma_i) \propto
          \exp\Bigl(-E_\theta(x, \sigma_i) - \frac{\|x - \tilde x\|^2}{2 s_i^2}\Bigr), \qquad
          \tilde x = x + s_i z, \quad s_i^2 = \sigma_{i-1}^2 - \sigma_i^2

Gao, Song, Poole, Wu & Kingma (2021, arXiv:2012.08125); recovery likelihood: Bengio, Yao, Alain &
Vincent (2013). ``x`` is a row with noise of its level; rows take turns among the levels. Given
:math:`\tilde x` the model is narrow and nearly of one mode, so chains that start at
:math:`\tilde x` mix where those of the marginal do not:

.. math:: \nabla\ell = E\,\nabla_\theta E_\theta(x, \sigma_i) -
          E_{x^- \sim p_\theta(\cdot \mid \tilde x)} \nabla_\theta E_\theta(x^-, \sigma_i)

Chains move in :math:`(x - \tilde x) / s_i`, so that one step size serves all levels. Here noise is
added and rows are not shrunk (variance exploding); the noise above the highest level continues the
ratio of the first two. The paper's code divides the energy by a small step size inside the chains
and reads the likelihood of another temperature; here chains, loss and likelihood share one energy.

Cost: two energies and ``k`` scores per example, with MALA one more. Consistent, as ``k`` grows,
for the data with the noise of each level where that noise, or the next, links all parts of the
support. Below, a conditional does not reach from mode to mode, so the energy of the lowest level,
which is the density that is ranked, is as blind to their weights as score matching. What has them
is the way down the levels, which the method brings as its own sampler.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.objectives.base import Step, StepCost
from ebmbench.objectives.cd import ChainStepSizes
from ebmbench.objectives.contrast import contrastive_step
from ebmbench.objectives.kernels import KernelName, chain_info, chain_scores, make_kernel
from ebmbench.objectives.levels import ManyLevels, conditional, numbers_of_levels
from ebmbench.options import options
from ebmbench.samplers.bridge import ReferenceGaussian
from ebmbench.samplers.run import Trace, run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import Model

ABOVE_ONE = 2.0
"""Ratio of the noise above to the level where there is but one."""


@options
class DiffusionRecoveryLikelihood(ManyLevels[ChainStepSizes]):
    """Recovery likelihood of all levels of a conditional energy at once."""

    steps: Annotated[int, Field(gt=0)] = 10
    """``k``: transitions of every chain."""
    step_size: Annotated[float, Field(gt=0)] = 0.5
    """``ε`` at the start, in units of ``s_i``; MALA and HMC adapt it."""
    sampler: KernelName = "mala"
    """``langevin``, ``mala``, ``hmc``, or a sampler of one's own."""

    needs_smooth_energy: ClassVar[bool] = False

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
        levels = conditional(energy).levels
        number = numbers_of_levels(levels, len(batch), generator)
        sigma, spacing = levels[number], _spacing(levels)[number][:, None]
        x = batch + sigma[:, None] * torch.empty_like(batch).normal_(generator=generator)
        noisier = x + spacing * torch.empty_like(batch).normal_(generator=generator)
        trace = self._recover(
            conditional(energy).at(sigma),
            noisier,
            spacing,
            sizes=state.step_sizes,
            generator=generator,
        )
        negatives = noisier + spacing * trace.state.x
        both = conditional(energy).at(torch.cat([sigma, sigma]))
        after = ChainStepSizes(trace.step_sizes)
        return contrastive_step(both, x, negatives, after, info=chain_info(trace))

    def stored_sampler(self, energy: Energy) -> OwnSampler:
        """See :class:`~ebmbench.objectives.base.Objective`; from noise down the levels.

        Step sizes are adapted on the way, as in training.
        """
        ladder = conditional(energy)

        def draw(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
            above = _above(ladder.levels)
            x = ReferenceGaussian.of(ladder.at(float(above[0]))).draw(n, generator)
            sizes, accepted = self.init(energy, x, generator).step_sizes, []
            for sigma, spacing in zip(ladder.levels, _spacing(ladder.levels), strict=True):
                level = ladder.at(float(sigma))
                trace = self._recover(level, x, spacing, sizes=sizes, generator=generator)
                x, sizes = x + spacing * trace.state.x, trace.step_sizes
                accepted.append(trace.acceptance)
            return x, torch.stack(accepted)

        how = f"{self.steps} transitions a noise level, from noise down"
        return OwnSampler.down_levels(how, draw)

    def _recover(
        self,
        level: Energy,
        noisier: Tensor,
        spacing: Tensor,
        *,
        sizes: StepSizes,
        generator: torch.Generator,
    ) -> Trace:
        """Run chains in units of ``s`` around where they start; see the top of the file."""
        kernel = make_kernel(self.sampler)
        value_and_score = calculus.value_and_score_of(level)

        def conditional(z: Tensor) -> tuple[Tensor, Tensor]:
            value, score = value_and_score(noisier + spacing * z)
            return -value - 0.5 * (z * z).sum(1), spacing * score - z

        target = Model(conditional)
        return run_chains(
            kernel,
            target.evaluate(torch.zeros_like(noisier)),
            target,
            self.steps,
            step_sizes=sizes,
            generator=generator,
            target_acceptance=kernel.target_acceptance,
            positions_only=True,
        )

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(energy=2.0, score=chain_scores(make_kernel(self.sampler), self.steps))


def _above(levels: Tensor) -> Tensor:
    """Return for each level the next noisier one, ``(L,)``."""
    ratio = levels[0] / levels[1] if len(levels) > 1 else ABOVE_ONE
    return torch.cat([levels[:1] * ratio, levels[:-1]])


def _spacing(levels: Tensor) -> Tensor:
    """Return the ``s`` of each level, ``(L,)``."""
    return (_above(levels) ** 2 - levels**2).sqrt()
