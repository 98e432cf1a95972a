"""Densities above the plane with exact likelihood, score and sampler."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from ebmbench.datasets.base import Dataset, Loader, Modes, Sizes
from ebmbench.datasets.normalised import NormalisedEnergy
from ebmbench.datasets.splits import draw_splits
from ebmbench.energies.banana import BananaEnergy
from ebmbench.energies.base import Energy
from ebmbench.energies.funnel import FunnelEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.nice import NICEEnergy
from ebmbench.options import options
from ebmbench.seeds import generator

KnownName = Literal["mixture", "funnel", "banana", "nice", "scale-mixture"]
COMPONENTS = 40
SEPARATION = 7.0
"""Standard deviations of a component between the two closest centres."""
HEAVIEST = 4.0
"""Weight of the heaviest component over that of the lightest."""
SCALES = (1.0, 4.0)
BEND, NECK = 0.03, 1.0
"""``b`` of the banana, as in the paper; ``s`` of the funnel, of which three is the paper's, with a
variance of 8103 along every further axis that no 50,000 rows show."""
DEFAULT = Sizes(50_000, 5_000, 10_000)


def mixture(dim: int) -> GaussianMixtureEnergy:
    """Forty Gaussians of standard deviation one, centres normal and spread to the separation.

    The weights run evenly from the lightest to the heaviest component.
    """
    random = generator("known", "mixture", dim)
    centres = torch.randn(COMPONENTS, dim, generator=random, dtype=torch.float64)
    centres *= SEPARATION / nn.functional.pdist(centres).min()
    weights = torch.linspace(1, HEAVIEST, COMPONENTS, dtype=torch.float64)
    ones = torch.ones(COMPONENTS, dtype=torch.float64)
    return GaussianMixtureEnergy(weights / weights.sum(), centres - centres.mean(0), ones)


def scale_mixture(dim: int) -> GaussianMixtureEnergy:
    """Two round Gaussians about the origin, each with half of the mass."""
    half = torch.full((2,), 0.5, dtype=torch.float64)
    centres = torch.zeros(2, dim, dtype=torch.float64)
    return GaussianMixtureEnergy(half, centres, torch.tensor(SCALES, dtype=torch.float64) ** 2)


def teacher(dim: int) -> NICEEnergy:
    """A NICE of four couplings of 64 with random weights, which no training has touched.

    The last layer of every coupling, zero in a network that is to be trained, is drawn too, with
    a gain that bends the density well away from a Gaussian.
    """
    random = generator("known", "nice", dim)
    one = torch.ones(dim, dtype=torch.float64)
    energy = NICEEnergy(0 * one, one, 4, [64], activation="softplus", generator=random).double()
    with torch.no_grad():
        for coupling in energy.couplings:
            *_, last = coupling.modules()
            assert isinstance(last, nn.Linear)
            drawn = torch.randn(last.weight.shape, generator=random, dtype=torch.float64)
            last.weight.copy_(drawn / last.in_features**0.5)
        scales = torch.randn(dim, generator=random, dtype=torch.float64)
        energy.log_scale.copy_(0.3 * scales)
    return energy


BUILDERS: dict[KnownName, Callable[[int], Energy]] = {
    "mixture": mixture,
    "funnel": lambda dim: FunnelEnergy(dim, NECK),
    "banana": lambda dim: BananaEnergy(dim, 10.0, BEND),
    "nice": teacher,
    "scale-mixture": scale_mixture,
}


@cache
def known(name: KnownName, dim: int) -> NormalisedEnergy:
    """Return a density of ``dim`` coordinates."""
    return NormalisedEnergy(BUILDERS[name](dim))


@options
class KnownLoader(Loader):
    """Independent rows from one of the densities."""

    name: KnownName
    dim: Annotated[int, Field(ge=2)]

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return ()

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        truth = known(self.name, self.dim)
        words = ("known", self.name, self.dim, seed)
        splits = draw_splits(truth, sizes, *words, default=DEFAULT)
        modes = None
        if self.name == "mixture":
            law = truth.energy
            assert isinstance(law, GaussianMixtureEnergy)
            modes = Modes(law.means.float(), law.weights.float())
        return Dataset(*splits, truth=truth, modes=modes)
