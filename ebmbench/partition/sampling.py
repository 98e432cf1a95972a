"""Samples of a model for evaluation, never by the sampler that trained it.

Exact where that is possible: where the energy draws its own, and by the inverse CDF of a fine grid
in up to three dimensions. Elsewhere parallel tempering, whose chains travel between modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import AnnealingPath, pilot
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.quadrature import POINTS, Grid, quadrature_grid
from ebmbench.partition.tempering import Ladders, temper

LADDERS = (
    Ladders(chains=50, thinning=2, burn_in=20, most=6),
    Ladders(chains=100, thinning=5, burn_in=20, most=16),
    Ladders(chains=100, thinning=10, burn_in=100, most=32),
)
"""For ``effort`` 0, 1 and 2: smoke, standard and full."""
COSTLY = 256
"""Dimension above which an evaluation costs more, so that the next lower effort is made."""


@dataclass(frozen=True)
class Samples:
    """Samples of a model, and how they were drawn."""

    x: Tensor
    """``(n, d)``, in float64."""
    how: str
    """In words; of a Markov chain with its diagnostics."""


def from_grid(grid: Grid, n: int, generator: torch.Generator) -> Samples:
    """Draw ``n`` samples by the inverse CDF of a grid."""
    return Samples(grid.sample(n, generator), "by the inverse CDF of a grid")


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
    law: InitialGaussian | None = None,
) -> Samples:
    """Draw ``n`` samples; exact where possible.

    Arguments:
        energy: the model.
        n: number of samples.
        generator: the source of all randomness.
        effort: 0, 1 or 2, for parallel tempering.
        law: where tempered chains start; the energy's reference when absent.
    """
    if isinstance(energy, ExactlySampled):
        return Samples(energy.sample(n, generator).double().cpu(), "exact")
    if energy.dim in POINTS:
        return from_grid(quadrature_grid(energy)[1], n, generator)
    law = law or InitialGaussian.of_reference(energy)
    return tempered_samples(energy, law, pilot(energy, law, generator), n, generator, effort)


def tempered_samples(
    energy: Energy,
    law: InitialGaussian,
    plan: AnnealingPath,
    n: int,
    generator: torch.Generator,
    effort: int = 1,
) -> Samples:
    """Draw ``n`` samples by parallel tempering, in random order.

    Arguments:
        energy: the model.
        law: where the ladders start.
        plan: from a pilot run between the law and the model.
        n: number of samples.
        generator: the source of all randomness.
        effort: 0, 1 or 2; see :data:`LADDERS`.
    """
    ladders = LADDERS[effort if energy.dim <= COSTLY else max(0, effort - 1)]
    found = temper(energy, law, plan, ladders, -(-n // ladders.chains), generator)
    drawn = found.x.flatten(0, 1)
    return Samples(
        drawn[torch.randperm(len(drawn), generator=generator)[:n]],
        f"parallel tempering, {ladders.chains} ladders of {len(found.betas)} chains, least swap "
        f"rate {float(found.swap_rates.min()):.2f}, {found.restarts:.1f} restarts a ladder",
    )
