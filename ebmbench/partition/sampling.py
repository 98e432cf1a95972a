"""Samples of a model for evaluation, never by the sampler that trained it.

Exact where that is possible: where the energy draws its own, and by the inverse CDF of a fine grid
in up to three dimensions. Elsewhere annealed chains, resampled by their weights and moved on.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.ais import AISRun, run_ais, settled
from ebmbench.partition.base import systematic_resample
from ebmbench.partition.law import GaussianLaw
from ebmbench.partition.quadrature import POINTS, quadrature_grid

THINNING = 10
"""Transitions between two draws of the same annealed chain."""


@runtime_checkable
class ExactlySampled(Protocol):
    """An energy that draws exact samples of its model (ICA, NICE, mixtures)."""

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``."""
        ...


def model_samples(
    energy: Energy,
    n: int,
    generator: torch.Generator,
    effort: int = 1,
    law: GaussianLaw | None = None,
) -> Tensor:
    """Draw ``n`` samples, ``(n, d)``, in float64; exact where possible.

    Arguments:
        energy: the model.
        n: number of samples.
        generator: the source of all randomness.
        effort: 0, 1 or 2, for annealed chains.
        law: where annealed chains start; the energy's reference when absent.
    """
    if isinstance(energy, ExactlySampled):
        return energy.sample(n, generator).double().cpu()
    if energy.dim in POINTS:
        return quadrature_grid(energy)[1].sample(n, generator)
    return annealed_samples(energy, run_ais(energy, generator, effort, law=law), n, generator)


def annealed_samples(energy: Energy, run: AISRun, n: int, generator: torch.Generator) -> Tensor:
    """Draw ``n`` points, ``(n, d)``, from the chains that an AIS run left behind."""
    chains = run.forward.log_z.numel()
    index = systematic_resample(run.forward.log_z, chains, generator)
    particles = run.forward.particles[index.to(run.law.mean.device)]
    draws: list[Tensor] = []
    for _ in range(-(-n // chains)):
        particles = settled(energy, run.law, run.plan, particles, THINNING, generator)
        draws.append(run.law.to_x(particles.z).double().cpu())
    drawn = torch.cat(draws)
    return drawn[torch.randperm(len(drawn), generator=generator)[:n]]
