r"""Maximum likelihood with walkers that carry their weight, and a running ``log Z``.

.. math:: \nabla\ell = E_{p_{data}} \nabla_\theta E_\theta(x) -
          \sum_i w_i \nabla_\theta E_\theta(x_i), \qquad w = \operatorname{softmax}(A), \qquad
          \log \hat Z = \log \tfrac1m \textstyle\sum_i e^{A_i}

Carbone, Hua, Coste & Vanden-Eijnden (2023, arXiv:2305.19414). A change of the parameters from
``θ`` to ``θ'`` leaves a walker where it is and adds :math:`E_\theta(x) - E_{\theta'}(x)` to its
log-weight ``A``; there it enters the loss; then Metropolis-adjusted transitions move it, which
leave :math:`p_{\theta'}` invariant and the weight as it is (annealed importance sampling along the
path of training, Neal 2001). By Jarzynski's equality walkers weighted so are unbiased at every
step of a given path of the parameters, however fast it is and however badly the chains mix.
Walkers start at the Gaussian of the training rows with :math:`A = 0` against its *normalised*
density, so ``A`` gives ``log Z`` itself, with no constant to be known. The paper's walkers make
unadjusted steps, whose error enters ``A``; here it is refused instead, so the weights vary by the
change of the parameters alone.

As in PCD a random block of walkers is seen at each step. What passed in between telescopes: a
walker remembers its energy when it was last seen. Where the effective sample size of a block
falls below a share of it, the block is resampled and every walker takes the mean weight.

Cost: two energies and ``1 + k`` scores per example. Consistent as the walkers become many. The
likelihood of the trained model needs no other estimate, but its error is that of the weights: a
mode that no walker ever visited is missed by them all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.objectives.blocks import Blocks
from ebmbench.objectives.contrast import contrastive_step
from ebmbench.objectives.kernels import chain_info, make_kernel
from ebmbench.objectives.noise import GaussianMixtureNoise
from ebmbench.objectives.persistent import random_block
from ebmbench.options import options
from ebmbench.samplers.resampling import systematic_resample
from ebmbench.samplers.run import run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of

ROWS = 1000
"""Walkers whose energies are computed at once at the end, which bounds the memory."""


@dataclass(frozen=True)
class Walkers(State):
    """Weighted samples of the model of the last step."""

    places: Blocks
    """``m`` rows."""
    energies: Tensor
    """Of each when it was last seen, ``(m,)``; at first that of the normalised Gaussian."""
    log_weights: Tensor
    """``A``, ``(m,)``."""
    step_sizes: StepSizes

    @property
    def x(self) -> Tensor:
        """Where they all are, ``(m, d)``."""
        return self.places.rows


@options
class JarzynskiReweighting(Objective[Walkers]):
    """Persistent chains whose lag behind the parameters is paid for by weights."""

    steps: Annotated[int, Field(gt=0)] = 10
    """``k``: transitions per training step."""
    step_size: Annotated[float, Field(gt=0)] = 0.1
    """``ε`` at the start, in units of the data; it is adapted."""
    sampler: Literal["mala", "hmc"] = "mala"
    """An adjusted kernel: it must leave the model invariant."""
    walkers: Annotated[int, Field(gt=0)] = 10000
    """``m``."""
    resample_below: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of a block below which its effective sample size must not fall."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy: Energy, data: Tensor, generator: torch.Generator) -> Walkers:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        gaussian = GaussianMixtureNoise.fit(data, 1, 1.0, generator)
        x = gaussian.sample(self.walkers, generator)
        sizes = StepSizes.start(self.step_size, make_kernel(self.sampler).target_acceptance, x)
        return Walkers(Blocks.of(x), -gaussian.log_prob(x), x.new_zeros(len(x)), sizes)

    def loss(
        self, energy: Energy, batch: Tensor, state: Walkers, generator: torch.Generator
    ) -> Step[Walkers]:
        """See :class:`~ebmbench.objectives.base.Objective`; one walker per example."""
        index = random_block(len(state.places), len(batch), generator).to(batch.device)
        first = int(index[0])
        kernel, target = make_kernel(self.sampler), target_of(energy)
        at = target.evaluate(state.places.window(first, len(index)))
        log_weights = state.log_weights[index] + state.energies[index] + at.log_density
        log_z = torch.logsumexp(log_weights, 0) - math.log(len(index))
        share = torch.softmax(log_weights, 0).square().sum().reciprocal() / len(index)
        tired = share < self.resample_below
        chosen = systematic_resample(log_weights, len(index), generator)
        at = at[torch.where(tired, chosen, torch.arange(len(index), device=batch.device))]
        log_weights = torch.where(tired, log_z, log_weights)
        trace = run_chains(
            kernel,
            at,
            target,
            self.steps,
            step_sizes=state.step_sizes,
            generator=generator,
            target_acceptance=kernel.target_acceptance,
        )
        after = Walkers(
            state.places.with_window(first, trace.state.x),
            state.energies.index_copy(0, index, -trace.state.log_density),
            state.log_weights.index_copy(0, index, log_weights),
            trace.step_sizes,
        )
        # Not where the walkers end: there the energy would be raised at the very points that
        # weigh its change, and log Z would fall short.
        return contrastive_step(
            energy,
            batch,
            at.x,
            after,
            info={**chain_info(trace), "effective_share": share, "log_z": log_z},
            negative_weights=torch.softmax(log_weights, 0),
        )

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        scores = 1 + self.steps * make_kernel(self.sampler).scores
        return StepCost(energy=2.0, score=float(scores))

    def own_log_z(self, energy: Energy, state: Walkers) -> Tensor:
        """See :class:`~ebmbench.objectives.base.Objective`; by all walkers at once."""
        x = state.x
        parts = x.chunk(math.ceil(len(x) / ROWS))
        energies = torch.cat([calculus.value(energy, x) for x in parts])
        log_weights = state.log_weights + state.energies - energies
        return torch.logsumexp(log_weights, 0) - math.log(len(x))
