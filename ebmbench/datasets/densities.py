"""The nine densities in the plane, each normalised and with an exact score."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import torch

from ebmbench.datasets.base import Dataset, Density, Loader, Modes, Sizes
from ebmbench.datasets.checkerboard import SoftCheckerboard
from ebmbench.datasets.curve import NoisyCurve, gauss_legendre
from ebmbench.datasets.mixture import GaussianMixture, spherical_mixture
from ebmbench.datasets.rings import NoisyRings
from ebmbench.datasets.splits import draw_splits
from ebmbench.options import options

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
DEFAULT = Sizes(50_000, 5_000, 10_000)


def eight_gaussians() -> GaussianMixture:
    """Eight Gaussians of standard deviation 0.2 on a circle of radius 2."""
    angles = torch.arange(8, dtype=torch.float64) * (math.pi / 4)
    means = 2 * torch.stack([angles.cos(), angles.sin()], 1)
    return spherical_mixture(torch.ones(8), means, 0.2)


def twentyfive_gaussians() -> GaussianMixture:
    """A 5×5 grid of spacing 2 and standard deviation 0.2, all divided by √2.

    √2 is 1.414, as in the code of Schröder et al. (2023), which moves the optimum by 3e-4 nats.
    """
    root = 1.414
    axis = torch.linspace(-4, 4, 5, dtype=torch.float64) / root
    return spherical_mixture(torch.ones(25), torch.cartesian_prod(axis, axis), 0.2 / root)


def uneven_mixture() -> GaussianMixture:
    """Three Gaussians of standard deviation 0.4, at least ten apart in that unit, of .7/.2/.1."""
    means = torch.tensor([[-2.0, -1.5], [2.5, -1.0], [0.0, 2.5]], dtype=torch.float64)
    return spherical_mixture(torch.tensor([7.0, 2.0, 1.0]), means, 0.4)


def rings() -> NoisyRings:
    """Four concentric circles of radius 0.75 to 3, equally likely, noise 0.1."""
    return NoisyRings(torch.tensor([0.75, 1.5, 2.25, 3.0]), 0.1)


def two_moons(nodes: int = 112) -> NoisyCurve:
    """Two half circles of radius 2 that reach into each other, uniform in length, noise 0.15."""
    t, weights = gauss_legendre(0, math.pi, nodes)
    upper = torch.stack([t.cos() - 0.5, t.sin() - 0.25], 1)
    return NoisyCurve(2 * torch.cat([upper, -upper]), weights.repeat(2), 0.15)


def checkerboard() -> SoftCheckerboard:
    """The eight dark unit-2 squares of a 4×4 board, edges blurred by 0.1."""
    cells = [(i, j) for i in range(4) for j in range(4) if (i + j) % 2 == 0]
    corners = 2.0 * torch.tensor(cells, dtype=torch.float64) - 4.0
    return SoftCheckerboard(corners, 2.0, 0.1)


def two_spirals(nodes: int = 448) -> NoisyCurve:
    """Two interleaved spirals of one and a half turns from the origin, noise 0.1.

    The angle is ``3π √u`` for a uniform ``u``, as in the data of FFJORD, whose further uniform
    noise is left out; the arms are then about evenly dense along their length.
    """
    angle, weights = gauss_legendre(0, 3 * math.pi, nodes)
    arm = angle[:, None] * torch.stack([-angle.cos(), angle.sin()], 1) / 3
    return NoisyCurve(torch.cat([arm, -arm]), (weights * angle).repeat(2), 0.1)


def pinwheel(nodes: int = 84) -> NoisyCurve:
    """Five bent arms, noise 0.15; the radius is normal(2, 0.6), cut at three deviations."""
    z, weights = gauss_legendre(-3, 3, nodes)
    r = 2 + 0.6 * z
    arms = [
        r[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
        for angle in (2 * math.pi * k / 5 + 0.4 * r for k in range(5))
    ]
    return NoisyCurve(torch.cat(arms), (weights * torch.exp(-0.5 * z * z)).repeat(5), 0.15)


def swiss_roll(nodes: int = 560) -> NoisyCurve:
    """One and a half turns of a spiral, uniform in the angle, noise 0.1."""
    angle, weights = gauss_legendre(1.5 * math.pi, 4.5 * math.pi, nodes)
    roll = angle[:, None] * torch.stack([angle.cos(), angle.sin()], 1) / 4
    return NoisyCurve(roll, weights, 0.1)


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
        splits = draw_splits(truth, sizes, "2d", self.name, seed, default=DEFAULT)
        modes = None
        if isinstance(truth, GaussianMixture):
            modes = Modes(truth.means.float(), truth.weights.float())
        return Dataset(*splits, truth=truth, modes=modes)


def entropy(law: Density, half_width: float = 8.0, points: int = 401) -> float:
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
