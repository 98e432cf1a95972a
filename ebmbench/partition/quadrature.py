r"""Quadrature of ``Z`` in one to three dimensions.

.. math:: Z = \int e^{-E(x)}\,dx \approx h_1 \cdots h_d \sum_i e^{-E(x_i)}

by the midpoint rule, whose error falls faster than any power of ``h`` for smooth densities that
vanish at the edge (Trefethen & Weideman, 2014, SIAM Review 56(3), Theorem 5.1). The box grows
until its outer shell holds nothing, then shrinks to the support; resolution doubles until two
resolutions and two boxes agree. The mass beyond the first box is bounded: along
a ray through its edge on which the energy goes on growing at least as fast as at the edge (a
convex energy does, and one of at most linear growth on top of a Gaussian reference, whose square
wins far out), by

.. math:: \int_{t \ge 1} e^{-E} \le d\, V e^{-E} \int_1^\infty t^{d-1} e^{-\kappa (t - 1)}\,dt

with the volume ``V`` of the box and the energy's growth ``κ`` per unit of ``t``, the factor by
which a point of the edge is moved outwards. Rays on which the energy falls there are followed to
sixteen times the box, and what is highest on them is taken for all of that volume.
"""

from __future__ import annotations

import math

import torch

from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.partition.base import LogZ, log_density
from ebmbench.partition.grid import Box, Grid, reference_box, tabulate

POINTS = {1: 2048, 2: 160, 3: 48}
"""Cells per axis of the first grid."""
MOST = {1: 1 << 18, 2: 2048, 3: 192}
"""Cells per axis at which refinement gives up."""
DROP = 30.0
"""Nats below the peak at which the density counts as nothing (e^-30 = 1e-13)."""
STEP = 0.05
"""How far beyond the edge of the box its energy is looked at, as a share of half its side."""
FARTHER = (1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0, 16.0)
"""Multiples of the box at which rays are followed on which the energy falls."""


def quadrature_grid(energy: Energy, tolerance: float = 1e-4) -> tuple[LogZ, Grid]:
    """Find ``log Z`` by quadrature, and return the grid too.

    Arguments:
        energy: a model of one, two or three dimensions.
        tolerance: nats within which two resolutions and two boxes must agree.

    Raises:
        EbmbenchError: the model has more than three dimensions.
    """
    if energy.dim not in POINTS:
        raise EbmbenchError(f"quadrature of a {energy.dim}-dimensional energy; allowed: 1 to 3")
    points, most = POINTS[energy.dim], MOST[energy.dim]
    box, contained, log_tail = _support(energy, points)
    grid = tabulate(energy, box, points)
    resolution = math.inf
    while resolution > tolerance and points < most:
        points = min(2 * points, most)
        finer = tabulate(energy, box, points)
        resolution = abs(finer.log_z - grid.log_z)
        grid = finer
    # a quarter wider, at twice the cell width: a spike between two points of one grid shows here
    wider = tabulate(energy, box.scaled(1.25), int(0.625 * points))
    boxes = abs(wider.log_z - grid.log_z)
    tail = math.exp(min(log_tail - grid.log_z, 0.0))
    failures = []
    if not contained:
        failures.append("the box still held density at its edge when it stopped growing")
    if not resolution <= tolerance:
        failures.append(f"two resolutions differ by {resolution:.2g} nats")
    if not boxes <= tolerance:
        failures.append(f"two boxes differ by {boxes:.2g} nats")
    if not tail <= tolerance:
        failures.append(f"the tail beyond the box may hold {tail:.2g} of the mass")
    error = max(resolution, boxes)
    how = f"quadrature, {points} cells per axis; resolutions and boxes agree to {error:.1g} nats"
    result = LogZ(
        log_z=grid.log_z,
        stderr=0.0,
        lower=grid.log_z - error,
        upper=grid.log_z + error + math.log1p(tail),
        certified=not failures,
        note="quadrature refused: " + "; ".join(failures) if failures else how,
        diagnostics={"points": points, "resolution": resolution, "boxes": boxes, "tail": tail},
    )
    return result, grid


def quadrature(energy: Energy, tolerance: float = 1e-4) -> LogZ:
    """Find ``log Z`` by quadrature; see :func:`quadrature_grid`."""
    return quadrature_grid(energy, tolerance)[0]


def _support(energy: Energy, points: int) -> tuple[Box, bool, float]:
    """Return a box of all density within ``DROP`` nats of the peak, and what may lie outside.

    The first box is forty standard deviations of the reference to each side, so that density far
    from the data is not overlooked; what is found in it sets the box of a second, finer look,
    which always holds six standard deviations.

    Returns:
        the box; whether it holds all that; the log of a bound of the mass beyond the first box.
    """
    box = reference_box(energy, 40.0)
    for _ in range(6):
        grid = tabulate(energy, box, points)
        alive = grid.log_density >= grid.log_density.max() - DROP
        shell = alive.clone()
        shell[(slice(2, -2),) * energy.dim] = False
        if not bool(torch.isfinite(grid.log_density).all()):
            return box, False, math.inf
        if not bool(shell.any()):
            near = tabulate(energy, _shrunk(grid).union(reference_box(energy, 6.0)), points)
            if not bool(torch.isfinite(near.log_density).all()):
                return box, False, math.inf
            return _shrunk(near), True, _log_tail(energy, grid)
        box = box.scaled(2.0)
    return box, False, math.inf


def _log_tail(energy: Energy, grid: Grid) -> float:
    """Return the log of a bound of the mass outside the box of a grid."""
    d = energy.dim
    edge = torch.ones_like(grid.log_density, dtype=torch.bool)
    edge[(slice(1, -1),) * d] = False
    centre = (grid.box.low + grid.box.high) / 2
    rays, here = grid.points()[edge.flatten()] - centre, grid.log_density[edge]
    growth = (here - log_density(energy, centre + (1 + STEP) * rays)) / STEP
    falling, log_volume = growth <= 0, float((grid.box.high - grid.box.low).log().sum())
    kappa = growth[~falling]
    radial = sum(math.perm(d - 1, k) * kappa ** -(k + 1) for k in range(d))
    terms = [math.log(d) + here[~falling] + torch.as_tensor(radial).log()]
    if bool(falling.any()):
        far = [log_density(energy, centre + factor * rays[falling]) for factor in FARTHER]
        terms.append(d * math.log(FARTHER[-1]) + torch.cat([here[falling], *far]))
    return log_volume + math.log(len(terms)) + float(torch.cat(terms).max())


def _shrunk(grid: Grid) -> Box:
    """Return the box of the cells that are alive, with a margin of three cells."""
    alive = grid.log_density >= grid.log_density.max() - DROP
    low, high = [], []
    for axis in range(alive.ndim):
        others = [a for a in range(alive.ndim) if a != axis]
        along = alive.any(others) if others else alive
        where = torch.nonzero(along).flatten()
        low.append(where[0] - 3)
        high.append(where[-1] + 4)
    steps = grid.steps
    origin = grid.box.low
    return Box(origin + torch.stack(low) * steps, origin + torch.stack(high) * steps)
