r"""A search for mass that the points of an estimator do not visit.

From a wide box around the model, points descend the energy; so do the ends of chains that the path
seems not to reach. Each distinct minimum :math:`x^*` gets the Gaussian of its Hessian, and the set
:math:`A` of its points within one typical radius. The mass of ``A`` is compared with the weighted
share of the estimator's points in ``A``. It is found by importance sampling, with more draws as
long as it looks too large, and at last by annealed chains from that Gaussian, whose weights
estimate :math:`\int_A e^{-E}` without bias and are less heavy: they decide. A minimum with more
mass than the tolerance allows that the points miss means that ``log Z`` is too low, which no set
of weights by itself can tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import anneal
from ebmbench.partition.base import log_density, log_mean_exp
from ebmbench.partition.hessians import mean_hessian
from ebmbench.partition.initial import InitialGaussian, InitialLaw
from ebmbench.partition.minima import STANDARD, Search, find_minima
from ebmbench.samplers.pilot import pilot

DRAWS = (2048, 32_768)
"""Points of importance sampling, first and where the first look is suspicious."""
CHAINS, TEMPERATURES = 64, 200
"""Of the annealed chains that decide."""


@dataclass(frozen=True)
class Missed:
    """What the search found."""

    minima: int
    """Minima that were weighed."""
    mass: float
    """The largest share of the mass, found and missed, around a minimum that has less than half of
    its share of the points."""

    def failure(self, tolerance: float) -> str | None:
        """Say what is missed if it moves ``log Z`` by more than ``tolerance``; else nothing."""
        # mass that is missed moves log Z by -log(1 - mass)
        if self.mass <= 1 - math.exp(-tolerance):
            return None
        return f"a minimum holds {self.mass:.1%} of the mass and is not visited"

    def raised(self, log_z: float) -> float:
        """Return ``log Z`` with the missed mass added."""
        return log_z - math.log1p(-min(self.mass, 1 - 1e-15))


@dataclass(frozen=True)
class Region:
    """The surroundings of a minimum: an ellipsoid in the coordinates of a law."""

    law: InitialLaw
    centre: Tensor
    """``(d,)``, float64."""
    spread: Tensor
    """Deviations along the eigenvectors of the Hessian, ``(d,)``."""
    vectors: Tensor
    """``(d, d)``, a column each."""

    @property
    def radius2(self) -> float:
        """Return the squared radius of ``A`` in deviations."""
        return len(self.centre) + 3 * math.sqrt(2.0 * len(self.centre))

    def holds(self, z: Tensor) -> Tensor:
        """Return which points, ``(n, d)``, lie in ``A``."""
        offset = (z.double().cpu() - self.centre) @ self.vectors / self.spread
        return offset.square().sum(1) <= self.radius2


def missed_mass(
    energy: Energy,
    initial: InitialLaw,
    points: Tensor,
    log_weights: Tensor,
    *,
    log_z: float,
    generator: torch.Generator,
    search: Search = STANDARD,
    suspects: Tensor | None = None,
) -> Missed:
    """Search for minima and compare the mass around each with the share of weighted points there.

    Arguments:
        energy: the model.
        initial: gives the scale of the box that is searched.
        points: where an estimator of ``log Z`` looked, ``(m, d)``.
        log_weights: their weights, ``(m,)``.
        log_z: what it found.
        generator: the source of all randomness.
        search: how hard to look.
        suspects: more minima to be weighed, ``(k, d)``.
    """
    found = find_minima(energy, initial, generator, search.starts, steps=search.descents)
    found = found[: search.candidates]
    if suspects is not None:
        found = torch.cat([suspects.to(found), found])
    z, shares = initial.to_z(points), torch.softmax(log_weights.double(), 0)
    worst = 0.0
    for x in found:
        region = region_of(energy, x, initial, generator)
        share = float(shares[region.holds(z)].sum())
        for mass in _masses(energy, region, generator):
            share_there = math.exp(mass - float(torch.logaddexp(*_pair(mass, log_z))))
            unvisited = share < 0.5 * share_there
            if not unvisited or share_there <= worst:
                break
        else:
            worst = max(worst, share_there)
    return Missed(len(found), worst)


def _pair(a: float, b: float) -> tuple[Tensor, Tensor]:
    return torch.tensor(a).double(), torch.tensor(b).double()


def region_of(energy: Energy, x: Tensor, law: InitialLaw, generator: torch.Generator) -> Region:
    """Return the surroundings of the minimum ``x``, ``(d,)``."""
    centre = law.to_z(x[None])
    # a hair beside the minimum, so that a kink exactly there (a norm, a clamped distance) does not
    # pass for flatness
    beside = torch.randn(centre.shape, generator=generator, dtype=torch.float64).to(centre)
    hessian = mean_hessian(energy, law, centre + 0.02 * beside)
    values, vectors = torch.linalg.eigh(hessian)
    return Region(law, centre[0].double().cpu(), values.clamp_min(1e-2).rsqrt(), vectors)


def _masses(energy: Energy, region: Region, generator: torch.Generator) -> Iterator[float]:
    """Yield ``log ∫_A exp(-E)`` from cheap to sure; what follows is not computed unless asked."""
    for n in DRAWS:
        yield mass_by_draws(energy, region, generator, n)
    yield mass_by_chains(energy, region, generator)


def mass_by_draws(energy: Energy, region: Region, generator: torch.Generator, n: int) -> float:
    """Return the log mass of ``A`` by importance sampling with ``n`` points."""
    d = len(region.centre)
    g = torch.randn(n, d, generator=generator, dtype=torch.float64)
    z = region.centre + (g * region.spread) @ region.vectors.T
    size = g.square().sum(1)
    log_q = -0.5 * size - 0.5 * d * math.log(2 * math.pi) - region.spread.log().sum()
    x = region.law.to_x(z.to(region.law.mean))
    log_w = log_density(energy, x) + region.law.log_det - log_q
    return log_mean_exp(torch.where(size <= region.radius2, log_w, -math.inf))


def mass_by_chains(energy: Energy, region: Region, generator: torch.Generator) -> float:
    """Return the log mass of ``A`` by annealed chains that start at the minimum."""
    spread = region.spread.clamp(max=2.0)
    covariance = (region.vectors * spread.square()) @ region.vectors.T
    coordinates = InitialGaussian(region.law.mean, region.law.factor)
    local = coordinates.within(region.centre, covariance)
    bridge = local.bridge_to(energy)
    path = pilot(bridge, generator)
    run = anneal(bridge, path, TEMPERATURES, CHAINS, generator=generator)
    inside = region.holds(region.law.to_z(local.to_x(run.state.x)))
    return log_mean_exp(torch.where(inside, run.log_z, -math.inf))
