r"""PCD with parallel tempering: persistent ladders whose lower rungs carry chains between modes.

.. math:: \nabla\ell = E_{p_{data}} \nabla_\theta E_\theta(x) -
          E_{x^- \sim p_\theta} \nabla_\theta E_\theta(x^-), \qquad
          p_\beta \propto q^{1-\beta} p_\theta^\beta, \quad 0 = \beta_0 < \dots < \beta_R = 1

Desjardins, Courville, Bengio, Vincent & Delalleau (2010, AISTATS), who temper a restricted
Boltzmann machine; here the path is the one from the reference Gaussian ``q`` to the model, so that
the lowest rung is drawn exactly and anew at every step. Each step takes some of the ladders, moves
every chain ``k`` transitions at its own ``β``, and then swaps neighbours with probability
:math:`\min\{1, e^{(\beta_{r+1} - \beta_r)(g_r - g_{r+1})}\}`, :math:`g = \log p_\theta - \log q`
(:mod:`ebmbench.samplers.swaps`). The chains at ``β = 1`` are the negatives. The gaps between the
temperatures follow the swap rates until all are alike (Miasojedow, Moulines & Vihola 2013), with a
gain that falls like that of the step sizes.

Cost: two energies and ``1 + R (1 + k)`` scores per example, ``R`` times those of PCD. Follows
maximum likelihood as long as fresh starts reach the top, also where modes are separated.
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
from ebmbench.objectives.kernels import KernelName, chain_info, make_kernel
from ebmbench.objectives.persistent import random_block
from ebmbench.options import options
from ebmbench.samplers.base import ChainState
from ebmbench.samplers.bridge import Bridge, ReferenceGaussian
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import SETTLING, StepSizes
from ebmbench.samplers.swaps import swap
from ebmbench.samplers.target import target_of

GAIN = 0.1
"""Of the logarithms of the gaps on the swap rates, at the start."""


@dataclass(frozen=True)
class Ladders(State):
    """Chains at every rung above the reference."""

    chains: Tensor
    """``(R, m, d)``, hottest first."""
    log_gaps: Tensor
    """Of neighbouring temperatures, but for a constant, ``(R,)``."""
    step_sizes: StepSizes
    """Of each rung, ``(R, g)``."""

    @property
    def betas(self) -> Tensor:
        """Inverse temperatures from zero to one, ``(R + 1,)``."""
        rising = torch.softmax(self.log_gaps, 0).cumsum(0)
        return torch.cat([rising.new_zeros(1), rising[:-1], rising.new_ones(1)])


@options
class ParallelTemperingContrastiveDivergence(Objective[Ladders]):
    """PCD whose chains come from parallel tempering."""

    rungs: Annotated[int, Field(gt=0)] = 4
    """``R``: temperatures above the reference, that of the model included."""
    steps: Annotated[int, Field(gt=0)] = 5
    """``k``: transitions of every chain per training step."""
    step_size: Annotated[float, Field(gt=0)] = 0.3
    """``ε`` at the start, in units of the data; each rung adapts its own."""
    sampler: KernelName = "mala"
    """``mala``, ``hmc``, or a sampler of one's own."""
    buffer: Annotated[int, Field(gt=0)] = 1000
    """Ladders in the replay buffer."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> Ladders:
        """See :class:`~ebmbench.objectives.base.Objective`; chains start at the reference."""
        x = ReferenceGaussian.of(energy).draw(self.rungs * self.buffer, generator)
        sizes = StepSizes.start(self.step_size, make_kernel(self.sampler).target_acceptance, x)
        chains = x.reshape(self.rungs, self.buffer, -1)
        each = StepSizes(sizes.sizes.repeat(self.rungs, 1), sizes.age)
        return Ladders(chains, x.new_zeros(self.rungs), each)

    def loss(
        self, energy: Energy, batch: Tensor, state: Ladders, generator: torch.Generator
    ) -> Step[Ladders]:
        """See :class:`~ebmbench.objectives.base.Objective`; one ladder per example."""
        index = random_block(self.buffer, len(batch), generator).to(batch.device)
        kernel = make_kernel(self.sampler)
        bridge = Bridge(ReferenceGaussian.of(energy), target_of(energy))
        betas = state.betas
        rungs = [bridge.evaluate(bridge.initial.draw(len(index), generator))]
        traces = []
        for r, beta in enumerate(betas[1:]):
            trace = run_chains(
                kernel,
                bridge.evaluate(state.chains[r, index]),
                bridge.at(beta.expand(len(index))),
                self.steps,
                step_sizes=StepSizes(state.step_sizes.sizes[r], state.step_sizes.age),
                generator=generator,
                target_acceptance=kernel.target_acceptance,
            )
            traces.append(trace)
            rungs.append(trace.state)
        whole = ChainState.joined(rungs)
        whole, rates = _swapped(bridge, whole, betas, generator)
        moved = whole.x.reshape(len(rungs), len(index), -1)[1:]
        top = traces[-1]
        gain = GAIN / (1 + top.step_sizes.age / SETTLING)
        after = Ladders(
            state.chains.index_copy(1, index, moved),
            state.log_gaps + gain * (rates - rates.mean()),
            StepSizes(torch.stack([t.step_sizes.sizes for t in traces]), top.step_sizes.age),
        )
        info = {**chain_info(top), "swap_rate": rates.min()}
        return contrastive_step(energy, batch, moved[-1], after, info=info)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        moving = self.rungs * (1 + self.steps * make_kernel(self.sampler).scores)
        return StepCost(energy=2.0, score=1.0 + moving)


def _swapped(
    bridge: Bridge[ReferenceGaussian],
    state: ChainState,
    betas: Tensor,
    generator: torch.Generator,
) -> tuple[ChainState, Tensor]:
    """Swap even pairs and then odd ones; return the chains and the swap rates, ``(R,)``."""
    rates = betas.new_zeros(len(betas) - 1)
    slope = bridge.slope(state).reshape(len(betas), -1).cpu()
    where = torch.arange(slope.numel()).reshape(slope.shape)
    for first in (0, 1):
        order, rate = swap(slope, betas.cpu(), first, generator)
        rates[first::2] = rate.to(rates)
        slope, where = slope.flatten()[order], where.flatten()[order]
    return state[where.flatten().to(state.x.device)], rates
