"""Two crossed Gaussians, of known density."""

from typing import Annotated

import torch
from pydantic import Field

from ebmbench.datasets.base import Dataset, Loader
from ebmbench.datasets.mixture import spherical_mixture
from ebmbench.options import options
from ebmbench.seeds import generator


@options
class Cross(Loader):
    radius: Annotated[float, Field(gt=0)] = 2.0

    def files(self) -> tuple[str, ...]:
        return ()

    def load(self, sizes, seed, data_dir) -> Dataset:
        r = self.radius
        means = torch.tensor([[r, 0.0], [-r, 0.0], [0.0, r], [0.0, -r]], dtype=torch.float64)
        truth = spherical_mixture(torch.ones(4), means, 0.7)
        wanted = (("train", sizes.train), ("validation", sizes.validation), ("test", sizes.test))
        rows = [truth.sample(n or 500, generator("cross", seed, s)).float() for s, n in wanted]
        return Dataset(*rows, truth=truth)
