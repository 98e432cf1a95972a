"""A density tabulated on the midpoints of a box."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.base import log_density


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
    reference = energy.reference
    mean, std = (t.detach().double().cpu() for t in (reference.mean, reference.std))
    return Box(mean - deviations * std, mean + deviations * std)
