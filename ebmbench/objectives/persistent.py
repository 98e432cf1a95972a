"""Chains that live on from training step to training step, in a replay buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective, State, StateT
from ebmbench.objectives.blocks import Blocks
from ebmbench.objectives.kernels import KernelName, chain_scores, make_kernel
from ebmbench.options import options
from ebmbench.samplers.bridge import ReferenceGaussian
from ebmbench.samplers.run import Trace, run_chains
from ebmbench.samplers.step_sizes import StepSizes
from ebmbench.samplers.target import target_of


@dataclass(frozen=True)
class PersistentChains(State):
    """Chains that live on."""

    buffer: Blocks
    """The replay buffer."""
    step_sizes: StepSizes
    """How far they step."""

    @property
    def chains(self) -> Tensor:
        """All chains, ``(m, d)``."""
        return self.buffer.rows

    @classmethod
    def start(
        cls,
        energy: Energy,
        size: int,
        generator: torch.Generator,
        *,
        sampler: str,
        step_size: float,
    ) -> PersistentChains:
        """Return ``size`` chains at the reference of an energy.

        Arguments:
            energy: the model.
            size: chains in the buffer.
            generator: the source of all randomness.
            sampler: the name of the kernel.
            step_size: its ``ε`` at the start.
        """
        chains = ReferenceGaussian.of(energy).draw(size, generator)
        aim = make_kernel(sampler).target_acceptance
        return cls(Blocks.of(chains), StepSizes.start(step_size, aim, chains))

    def advanced(
        self,
        energy: Energy,
        count: int,
        generator: torch.Generator,
        *,
        sampler: str,
        steps: int,
        restart: float,
    ) -> tuple[Trace, PersistentChains]:
        """Move some of the chains and put them back where they came from.

        Arguments:
            energy: the model.
            count: how many, at most.
            generator: the source of all randomness.
            sampler: the name of the kernel.
            steps: transitions of each.
            restart: probability that one first starts anew from the reference.
        """
        index = random_block(len(self.buffer), count, generator)
        first = int(index[0])
        kernel, target = make_kernel(sampler), target_of(energy)
        x = self.buffer.window(first, len(index))
        fresh = ReferenceGaussian.of(energy).draw(len(x), generator)
        u = torch.empty_like(x[:, :1]).uniform_(generator=generator)
        trace = run_chains(
            kernel,
            target.evaluate(torch.where(u < restart, fresh, x)),
            target,
            steps,
            step_sizes=self.step_sizes,
            generator=generator,
            target_acceptance=kernel.target_acceptance,
            positions_only=True,
        )
        moved = self.buffer.with_window(first, trace.state.x)
        return trace, PersistentChains(moved, trace.step_sizes)


@options
class WithChains(Objective[StateT]):
    """The options of an objective whose negatives are chains of a replay buffer."""

    steps: Annotated[int, Field(gt=0)] = 10
    """``k``: transitions per training step."""
    step_size: Annotated[float, Field(gt=0)] = 0.1
    """``ε`` at the start, in units of the data; MALA and HMC adapt it."""
    sampler: KernelName = "mala"
    """``langevin``, ``mala``, ``hmc``, or a sampler of one's own."""
    buffer: Annotated[int, Field(gt=0)] = 10000
    """Chains in the replay buffer."""
    restart: Annotated[float, Field(ge=0, le=1)] = 0.05
    """Probability that a chain starts anew from the reference Gaussian."""

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def started(self, energy: Energy, generator: torch.Generator) -> PersistentChains:
        """Return the chains at the reference of an energy."""
        return PersistentChains.start(
            energy, self.buffer, generator, sampler=self.sampler, step_size=self.step_size
        )

    def advanced(
        self, chains: PersistentChains, energy: Energy, count: int, generator: torch.Generator
    ) -> tuple[Trace, PersistentChains]:
        """Move ``count`` of the chains; see :meth:`PersistentChains.advanced`."""
        return chains.advanced(
            energy,
            count,
            generator,
            sampler=self.sampler,
            steps=self.steps,
            restart=self.restart,
        )

    def scores_of_chains(self) -> float:
        """Return the scores that they take per example and step."""
        return chain_scores(make_kernel(self.sampler), self.steps)


def random_block(size: int, count: int, generator: torch.Generator) -> Tensor:
    """Return the numbers of neighbouring chains: distinct ones at the price of one random number.

    Arguments:
        size: of the buffer.
        count: how many, at most ``size``.
        generator: the source of the random number; the numbers are on its device.
    """
    start = torch.randint(size, (1,), generator=generator, device=generator.device)
    return (start + torch.arange(min(count, size), device=generator.device)) % size
