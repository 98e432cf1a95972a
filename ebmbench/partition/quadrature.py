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
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.partition.base import LogZ, log_density

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


@dataclass(frozen=True)
class Box:
    """An axis-parallel box, ``(d,)`` float64 each."""

    low: Tensor
    high: Tensor

    def scaled(self, factor: float) -> Box:
        """Return the box blown up about its centre."""
        centre, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        return Box(centre - factor * half, centre + factor * half)

    def union(self, other: Box) -> Box:
        """Return the smallest box that contains both."""
        return Box(torch.minimum(self.low, other.low), torch.maximum(self.high, other.high))


@dataclass(frozen=True)
class Grid:
    """Midpoints of a box and a log-density on them."""

    box: Box
    log_density: Tensor
    """``(m_1, ..., m_d)`` in float64, unnormalised."""

    @property
    def steps(self) -> Tensor:
        """Return the cell widths, ``(d,)``."""
        shape = torch.tensor(self.log_density.shape, dtype=torch.float64)
        return (self.box.high - self.box.low) / shape

    @property
    def log_z(self) -> float:
        """Return the midpoint rule's ``log Z``."""
        return float(torch.logsumexp(self.log_density.flatten(), 0) + self.steps.log().sum())

    def points(self) -> Tensor:
        """Return the midpoints, ``(m_1 ⋯ m_d, d)``."""
        return midpoints(self.box, tuple(self.log_density.shape))

    def probabilities(self) -> Tensor:
        """Return the mass of every cell, in the shape of ``log_density``."""
        flat = torch.softmax(self.log_density.flatten(), 0)
        return flat.reshape(self.log_density.shape)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points by the inverse CDF over cells, uniform within a cell, ``(n, d)``.

        The points follow the piecewise constant interpolant, which differs from the model by the
        square of the cell width over the model's length scale.
        """
        edges = self.probabilities().flatten().cumsum(0)
        u = torch.rand(n, generator=generator, dtype=torch.float64) * edges[-1]
        cells = torch.searchsorted(edges, u).clamp_(max=edges.numel() - 1)
        shift = torch.rand(n, len(self.steps), generator=generator, dtype=torch.float64) - 0.5
        return self.points()[cells] + shift * self.steps


def midpoints(box: Box, shape: tuple[int, ...]) -> Tensor:
    """Return the midpoints of a regular grid on ``box``, ``(m_1 ⋯ m_d, d)``, in float64."""
    axes = [
        low + (high - low) * (torch.arange(m, dtype=torch.float64) + 0.5) / m
        for low, high, m in zip(box.low, box.high, shape, strict=True)
    ]
    return torch.cartesian_prod(*axes).reshape(-1, len(shape))


def tabulate(energy: Energy, box: Box, points: int) -> Grid:
    """Evaluate ``-E`` on ``points`` cells per axis of ``box``."""
    shape = (points,) * energy.dim
    return Grid(box, log_density(energy, midpoints(box, shape)).reshape(shape))


def reference_box(energy: Energy, deviations: float) -> Box:
    """Return the box of ``deviations`` standard deviations of the energy's reference."""
    mean, std = (t.detach().double().cpu() for t in energy.reference)
    return Box(mean - deviations * std, mean + deviations * std)


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
