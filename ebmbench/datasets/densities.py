"""The nine densities in the plane, each normalised and with an exact score."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from ebmbench.datasets.base import Dataset, Density, Loader, Modes, Sizes
from ebmbench.datasets.checkerboard import SoftCheckerboard
from ebmbench.datasets.curve import NoisyCurve
from ebmbench.datasets.mixture import GaussianMixture, spherical_mixture
from ebmbench.options import options
from ebmbench.seeds import generator

DensityName = Literal[
    "eight-gaussians",
    "twentyfive-gaussians",
    "uneven-mixture",
    "rings",
    "two-moons",
    "checkerboard",
    "two-spirals",
    "pinwheel",
    "swiss-roll",
]
DENSITY_NAMES: tuple[DensityName, ...] = get_args(DensityName)


def eight_gaussians() -> GaussianMixture:
    """Eight Gaussians of standard deviation 0.2 on a circle of radius 2."""
    angles = torch.arange(8, dtype=torch.float64) * (math.pi / 4)
    means = 2 * torch.stack([angles.cos(), angles.sin()], 1)
    return spherical_mixture(torch.full((8,), 1 / 8), means, 0.2)


def twentyfive_gaussians() -> GaussianMixture:
    """A 5×5 grid of spacing 2 and standard deviation 0.2, all divided by √2."""
    axis = torch.linspace(-4, 4, 5, dtype=torch.float64) / math.sqrt(2)
    return spherical_mixture(
        torch.full((25,), 1 / 25), torch.cartesian_prod(axis, axis), 0.2 / math.sqrt(2)
    )


def uneven_mixture() -> GaussianMixture:
    """Three Gaussians of standard deviation 0.4, at least ten apart in that unit, of .7/.2/.1."""
    means = torch.tensor([[-2.0, -1.5], [2.5, -1.0], [0.0, 2.5]], dtype=torch.float64)
    return spherical_mixture(torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64), means, 0.4)


def rings() -> NoisyCurve:
    """Four concentric circles of radius 0.75 to 3, equally likely, noise 0.1."""
    parts = []
    for radius in (0.75, 1.5, 2.25, 3.0):
        t = _midpoints(256) * (2 * math.pi)
        parts.append(radius * torch.stack([t.cos(), t.sin()], 1))
    return _curve(parts, 0.1)


def two_moons() -> NoisyCurve:
    """Two half circles that reach into each other, noise 0.15."""
    t = _midpoints(128) * math.pi
    upper = torch.stack([t.cos(), t.sin()], 1)
    lower = torch.stack([1 - t.cos(), 0.5 - t.sin()], 1)
    centre = torch.tensor([0.5, 0.25], dtype=torch.float64)
    return _curve([2 * (upper - centre), 2 * (lower - centre)], 0.15)


def checkerboard() -> SoftCheckerboard:
    """The eight dark unit-2 squares of a 4×4 board, edges blurred by 0.1."""
    cells = [(i, j) for i in range(4) for j in range(4) if (i + j) % 2 == 0]
    corners = 2.0 * torch.tensor(cells, dtype=torch.float64) - 4.0
    return SoftCheckerboard(corners, 2.0, 0.1)


def two_spirals() -> NoisyCurve:
    """Two interleaved spirals of one and a half turns, noise 0.1, denser near the centre."""
    t = 0.15 + 0.85 * _midpoints(384).sqrt()
    angle = 3 * math.pi * t
    arm = torch.stack([-angle.cos() * angle, angle.sin() * angle], 1) / 3
    return _curve([arm, -arm], 0.1)


def pinwheel() -> NoisyCurve:
    """Five curved arms whose radial profile is a Gaussian at radius 2, noise 0.1."""
    r = 2.0 + 0.6 * torch.linspace(-2.5, 2.5, 64, dtype=torch.float64)
    weights = torch.exp(-0.5 * ((r - 2.0) / 0.6) ** 2)
    parts = []
    for k in range(5):
        angle = 2 * math.pi * k / 5 + 0.4 * r
        parts.append(r[:, None] * torch.stack([angle.cos(), angle.sin()], 1))
    return _curve(parts, 0.1, weights)


def swiss_roll() -> NoisyCurve:
    """One and a half turns of a spiral, uniform in the angle, noise 0.1."""
    angle = 1.5 * math.pi * (1 + 2 * _midpoints(512))
    return _curve([torch.stack([angle.cos() * angle, angle.sin() * angle], 1) / 4], 0.1)


BUILDERS: dict[DensityName, Callable[[], Density]] = {
    "eight-gaussians": eight_gaussians,
    "twentyfive-gaussians": twentyfive_gaussians,
    "uneven-mixture": uneven_mixture,
    "rings": rings,
    "two-moons": two_moons,
    "checkerboard": checkerboard,
    "two-spirals": two_spirals,
    "pinwheel": pinwheel,
    "swiss-roll": swiss_roll,
}


@cache
def density(name: DensityName) -> Density:
    """Return one of the nine densities."""
    return BUILDERS[name]()


@options
class DensityLoader(Loader):
    """Independent rows from one of the nine densities."""

    name: DensityName

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return ()

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        truth = density(self.name)
        train, validation, test = (
            truth.sample(rows, generator("2d", self.name, seed, split)).float()
            for split, rows in (
                ("train", sizes.train or 50_000),
                ("validation", sizes.validation or 5_000),
                ("test", sizes.test or 10_000),
            )
        )
        modes = None
        if isinstance(truth, GaussianMixture):
            modes = Modes(truth.means.float(), truth.weights.float())
        return Dataset(train, validation, test, truth=truth, modes=modes)


def entropy(law: Density, half_width: float = 8.0, points: int = 600) -> float:
    """Return the differential entropy in nats, by a trapezoid sum over a square.

    Arguments:
        law: a density in the plane that vanishes outside the square.
        half_width: half the side of the square, centred at the origin.
        points: nodes per axis.
    """
    axis = torch.linspace(-half_width, half_width, points, dtype=torch.float64)
    log_p = law.log_prob(torch.cartesian_prod(axis, axis))
    cell = (2 * half_width / (points - 1)) ** 2
    return float(-torch.special.xlogy(log_p.exp(), log_p.exp()).sum() * cell)


def _midpoints(count: int) -> Tensor:
    return (torch.arange(count, dtype=torch.float64) + 0.5) / count


def _curve(parts: list[Tensor], std: float, weights: Tensor | None = None) -> NoisyCurve:
    nodes = torch.cat(parts)
    each = torch.ones(len(parts[0]), dtype=torch.float64) if weights is None else weights
    return NoisyCurve(nodes, each.repeat(len(parts)), std)
