"""Densities in the plane that get harder along one number, all else the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field

from ebmbench.datasets.base import Dataset, Density, Loader, Modes, Sizes
from ebmbench.datasets.densities import DEFAULT
from ebmbench.datasets.mixture import GaussianMixture, spherical_mixture
from ebmbench.datasets.rings import NoisyRings
from ebmbench.datasets.splits import draw_splits
from ebmbench.options import options

Axis = Literal["separation", "condition", "sharpness"]
WEIGHTS = (0.8, 0.2)
"""Of the two modes, so that equal weights are wrong by 0.193 nats."""
RADIUS = 2.0


def separated(level: float) -> GaussianMixture:
    """Two round Gaussians of standard deviation one, so many of them apart."""
    means = torch.tensor([[-level / 2, 0.0], [level / 2, 0.0]], dtype=torch.float64)
    return spherical_mixture(torch.tensor(WEIGHTS), means, 1.0)


def crossed(level: float) -> GaussianMixture:
    """Two Gaussians whose covariances have this condition number, at a right angle.

    Their mixture is as wide in both directions: no linear map makes it better conditioned.
    """
    wide, narrow = torch.tensor([1.0, 1 / level]), torch.tensor([1 / level, 1.0])
    covariances = torch.stack([torch.diag(wide), torch.diag(narrow)])
    return GaussianMixture(torch.ones(2), torch.zeros(2, 2), covariances)


def ring(level: float) -> NoisyRings:
    """A circle of radius two with noise of this standard deviation: the thinner, the sharper."""
    return NoisyRings(torch.tensor([RADIUS]), level)


BUILDERS: dict[Axis, Callable[[float], Density]] = {
    "separation": separated,
    "condition": crossed,
    "sharpness": ring,
}


@cache
def limit(axis: Axis, level: float) -> Density:
    """Return the density at a level of an axis."""
    return BUILDERS[axis](level)


@options
class LimitLoader(Loader):
    """Independent rows from one of the densities."""

    axis: Axis
    level: Annotated[float, Field(gt=0)]

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return ()

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        truth = limit(self.axis, self.level)
        splits = draw_splits(
            truth, sizes, "limit", self.axis, str(self.level), seed, default=DEFAULT
        )
        modes = None
        if self.axis == "separation" and isinstance(truth, GaussianMixture):
            modes = Modes(truth.means.float(), truth.weights.float())
        return Dataset(*splits, truth=truth, modes=modes)
