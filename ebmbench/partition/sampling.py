"""Samples of a model for evaluation, never by the chains that trained it.

Where the model, or the method that trained it, brings a sampler of its own, that one draws.
Elsewhere it is the inverse CDF of a fine grid in up to three dimensions, and above that parallel
tempering, whose chains travel between modes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.errors import EbmbenchError
from ebmbench.partition.grid import Grid
from ebmbench.partition.initial import InitialGaussian, InitialLaw
from ebmbench.partition.quadrature import POINTS, quadrature_grid
from ebmbench.samplers.ladders import Ladders, Tempered, temper
from ebmbench.samplers.path import AnnealingPath
from ebmbench.samplers.pilot import pilot

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
    acceptance: tuple[float, ...] = ()
    """Mean acceptance at each noise level, highest first, of chains that went down them."""


def from_grid(grid: Grid, n: int, generator: torch.Generator) -> Samples:
    """Draw ``n`` samples by the inverse CDF of a grid."""
    return Samples(grid.sample(n, generator), "by the inverse CDF of a grid")


def best_sampler(energy: Energy, of_method: OwnSampler | None = None) -> OwnSampler | None:
    """Return the sampler that a model or its method brings: an exact one before any other.

    Arguments:
        energy: the model.
        of_method: what the method that trained it brings, if it does.
    """
    brought = [each for each in (of_method, energy.sampler()) if each is not None]
    return next((each for each in brought if each.exact), brought[0] if brought else None)


def by_own_sampler(own: OwnSampler, dim: int, n: int, generator: torch.Generator) -> Samples:
    """Draw ``n`` samples in ``dim`` dimensions by a sampler that was brought.

    Raises:
        EbmbenchError: it returned points of another shape.
    """
    acceptance: tuple[float, ...] = ()
    if own.watched is None:
        x = own.draw(n, generator)
    else:
        x, each = own.watched(n, generator)
        acceptance = tuple(each.tolist())
    if x.shape != (n, dim):
        raise EbmbenchError(
            f"the sampler {own.how!r} drew points of shape {tuple(x.shape)}, allowed: ({n}, {dim})"
        )
    return Samples(x.double().cpu(), own.how, acceptance)


def model_samples(
    energy: Energy,
    n: int,
    generator: torch.Generator,
    effort: int = 1,
    *,
    initial: InitialGaussian | None = None,
) -> Samples:
    """Draw ``n`` samples: by the model's own sampler, a grid, or parallel tempering.

    Arguments:
        energy: the model.
        n: number of samples.
        generator: the source of all randomness.
        effort: 0, 1 or 2, for parallel tempering.
        initial: where tempered chains start; the energy's reference when absent.
    """
    own = energy.sampler()
    if own is not None:
        return by_own_sampler(own, energy.dim, n, generator)
    if energy.dim in POINTS:
        return from_grid(quadrature_grid(energy)[1], n, generator)
    initial = initial or InitialGaussian.of_reference(energy)
    path = pilot(initial.bridge_to(energy), generator)
    return tempered_samples(energy, initial, path, n, generator=generator, effort=effort)


def tempered_samples(
    energy: Energy,
    initial: InitialLaw,
    path: AnnealingPath,
    n: int,
    *,
    generator: torch.Generator,
    effort: int = 1,
) -> Samples:
    """Draw ``n`` samples by parallel tempering, in random order.

    Arguments:
        energy: the model.
        initial: where the ladders start.
        path: from a pilot run between there and the model.
        n: number of samples.
        generator: the source of all randomness.
        effort: 0, 1 or 2; see :data:`LADDERS`.
    """
    ladders = LADDERS[effort if energy.dim <= COSTLY else max(0, effort - 1)]
    draws = -(-n // ladders.chains)
    found = temper(initial.bridge_to(energy), path, ladders, draws, generator=generator)
    drawn = positions(found, initial)
    return Samples(
        drawn[torch.randperm(len(drawn), generator=generator)[:n]],
        f"parallel tempering, {ladders.chains} ladders of {len(found.betas)} chains, least swap "
        f"rate {float(found.swap_rates.min()):.2f}, {found.restarts:.1f} restarts a ladder",
    )


def positions(found: Tempered, initial: InitialLaw) -> Tensor:
    """Return all draws of tempered chains in the coordinates of the model, ``(n, d)``, float64."""
    return torch.cat([initial.to_x(z).double().cpu() for z in found.z])
