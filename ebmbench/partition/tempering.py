r"""Parallel tempering: samples of a model whose modes no single chain can travel between.

A ladder holds one chain at each inverse temperature :math:`0 = b_0 < \dots < b_R = 1` of the
geometric path. A sweep moves every chain by a Hamiltonian transition, draws the one at
:math:`b_0` anew from the Gaussian law, and then swaps neighbours with probability

.. math:: \min\bigl(1, \exp\{(b_{r+1} - b_r)(g_r - g_{r+1})\}\bigr), \qquad
          g = \tfrac12\|z\|^2 - U(z),

even and odd pairs in turn (Syed, Bouchard-Côté, Deligiannidis & Doucet, 2022, JRSS B 84,
arXiv:1905.02939). What reaches :math:`b_R` from :math:`b_0` is a fresh start, so the shares of
the modes are those of the model. Rungs stand at equal steps of thermodynamic length; a step of
one means that about half of the swaps are accepted, which is near the optimum there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import AnnealingPath, Particles, particles_at, transition
from ebmbench.partition.base import systematic_resample
from ebmbench.partition.initial import InitialGaussian

SETTLING = 4
"""Transitions of each rung's first population, which is resampled from the rung below."""


@dataclass(frozen=True)
class Tempered:
    """Samples of the model and how well the ladders mixed."""

    x: Tensor
    """Positions at ``b = 1``, ``(draws, chains, d)``, in float64."""
    gap: Tensor
    """``g`` of all rungs at the same sweeps, ``(draws, R + 1, chains)``, in float64."""
    betas: Tensor
    """Inverse temperatures, ``(R + 1,)``, float64."""
    swap_rates: Tensor
    """Mean probability of a swap between neighbours, ``(R,)``, float64."""
    restarts: float
    """Chains that went from the law to the model, per ladder: what the ladders forget by."""
    acceptance: float
    """Mean acceptance of the transitions above ``b = 0``."""


@dataclass(frozen=True)
class Ladders:
    """How many ladders, how long they run, and how tall they may be."""

    chains: int
    """Independent ladders, side by side."""
    thinning: int
    """Sweeps between two states that are kept."""
    burn_in: int
    """Sweeps before the first of them."""
    most: int
    """Steps of a ladder at most; about one unit of thermodynamic length each below that."""

    def steps(self, plan: AnnealingPath) -> int:
        """Return ``R`` for the path that a pilot run measured."""
        length = float(plan.length[-1])
        return min(max(1, math.ceil(length)), self.most) if math.isfinite(length) else self.most


def temper(
    energy: Energy,
    law: InitialGaussian,
    plan: AnnealingPath,
    ladders: Ladders,
    draws: int,
    generator: torch.Generator,
) -> Tempered:
    """Run ladders and keep what they visit at ``b = 1``.

    Arguments:
        energy: the model.
        law: the law at ``b = 0``.
        plan: step sizes and thermodynamic length.
        ladders: how many and how long.
        draws: states to keep of each ladder.
        generator: the source of all randomness.
    """
    chains = ladders.chains
    betas = plan.schedule(ladders.steps(plan))
    step_sizes = plan.step_size(betas)
    particles = _first(energy, law, betas, step_sizes, chains, generator)
    # of every chain, whether the last end it saw was the law
    fresh = torch.zeros(len(betas), chains, dtype=torch.bool)
    swap_rates = torch.zeros(len(betas) - 1, dtype=torch.float64)
    attempts = torch.zeros_like(swap_rates)
    restarts, accepted, kept, gaps = 0, 0.0, [], []
    sweeps = ladders.burn_in + draws * ladders.thinning
    for k in range(sweeps):
        particles, probability = _moved(energy, law, betas, step_sizes, particles, generator)
        accepted += float(probability.mean()) / sweeps
        order, swapped = _swap(particles.gap.cpu().reshape(-1, chains), betas, k % 2, generator)
        swap_rates[k % 2 :: 2] += swapped
        attempts[k % 2 :: 2] += 1
        particles = particles[order.flatten().to(particles.z.device)]
        fresh[0] = True
        fresh = fresh.flatten()[order]
        restarts += int(fresh[-1].sum())
        fresh[-1] = False
        if k >= ladders.burn_in and (sweeps - k - 1) % ladders.thinning == 0:
            kept.append(law.to_x(particles.z[-chains:]).double().cpu())
            gaps.append(particles.gap.cpu().reshape(-1, chains))
    return Tempered(
        x=torch.stack(kept),
        gap=torch.stack(gaps),
        betas=betas,
        swap_rates=swap_rates / attempts.clamp_min(1),
        restarts=restarts / chains,
        acceptance=accepted,
    )


def _first(
    energy: Energy,
    law: InitialGaussian,
    betas: Tensor,
    step_sizes: Tensor,
    chains: int,
    generator: torch.Generator,
) -> Particles:
    """Return a population for every rung, each resampled from the one below and moved."""
    at = particles_at(energy, law, _standard_normal(law, chains, generator))
    populations = [at]
    for r in range(1, len(betas)):
        weights = (betas[r] - betas[r - 1]) * at.gap.cpu()
        index = systematic_resample(weights, chains, generator)
        # systematic resampling sorts; chains of one ancestor must not be neighbours in a ladder
        index = index[torch.randperm(chains, generator=generator)]
        at = at[index.to(at.z.device)]
        for _ in range(SETTLING):
            beta, step_size = float(betas[r]), float(step_sizes[r])
            at, _ = transition(energy, law, at, beta, step_size, generator)
        populations.append(at)
    return _joined(populations)


def _moved(
    energy: Energy,
    law: InitialGaussian,
    betas: Tensor,
    step_sizes: Tensor,
    particles: Particles,
    generator: torch.Generator,
) -> tuple[Particles, Tensor]:
    """Draw the chains at ``b = 0`` anew and move all others at once."""
    chains = len(particles.z) // len(betas)
    drawn = particles_at(energy, law, _standard_normal(law, chains, generator))
    above = particles[torch.arange(chains, len(particles.z), device=particles.z.device)]
    beta, step_size = (t[1:].repeat_interleave(chains) for t in (betas, step_sizes))
    moved, probability = transition(energy, law, above, beta, step_size, generator)
    return _joined([drawn, moved]), probability


def _swap(
    gap: Tensor, betas: Tensor, first: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Decide the swaps of every second pair, from the rung ``first`` upwards.

    Arguments:
        gap: ``g`` of every chain, ``(R + 1, n)``.
        betas: inverse temperatures, ``(R + 1,)``.
        first: zero or one.
        generator: the source of the uniform numbers.

    Returns:
        which chain goes where, ``(R + 1, n)``, as flat indices; mean probability of each pair.
    """
    order = torch.arange(gap.numel()).reshape(gap.shape)
    lower = torch.arange(first, len(betas) - 1, 2)
    change = (betas[lower + 1] - betas[lower])[:, None] * (gap[lower] - gap[lower + 1])
    probability = torch.nan_to_num(change.clamp(max=0).exp(), nan=0.0)
    taken = torch.rand(probability.shape, generator=generator, dtype=torch.float64) < probability
    below, above = order[lower], order[lower + 1]
    order[lower] = torch.where(taken, above, below)
    order[lower + 1] = torch.where(taken, below, above)
    return order, probability.mean(1)


def _standard_normal(law: InitialGaussian, n: int, generator: torch.Generator) -> Tensor:
    return torch.randn(n, law.dim, generator=generator).to(law.mean)


def _joined(parts: list[Particles]) -> Particles:
    return Particles(
        torch.cat([part.z for part in parts]),
        torch.cat([part.energy for part in parts]),
        torch.cat([part.force for part in parts]),
    )
