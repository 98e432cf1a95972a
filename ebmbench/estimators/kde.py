"""A Gaussian kernel density estimate, its bandwidth chosen on validation rows."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.estimators.base import Estimator
from ebmbench.options import options


@options
class KernelDensityEstimator(Estimator):
    """One spherical Gaussian of the same width at each training row."""

    centres: Annotated[int, Field(gt=0)] = 10_000
    """All training rows, or so many of them drawn at random where there are more."""
    widths: Annotated[int, Field(gt=1)] = 15
    """Bandwidths tried, log-spaced between 0.02 and 1 in units of the data's spread."""

    families: ClassVar[frozenset[str] | None] = None

    def fit(self, dataset: Dataset, generator: torch.Generator) -> Energy:
        """See :class:`~ebmbench.estimators.base.Estimator`."""
        order = torch.randperm(len(dataset.train), generator=generator)[: self.centres]
        centres = dataset.train[order]
        rows = dataset.validation[:1000]
        spread = float(centres.std(0).mean())
        candidates = [
            _kernels(centres, spread * width) for width in np.geomspace(0.02, 1.0, self.widths)
        ]
        losses = [float(energy(rows).mean()) for energy in candidates]
        return candidates[int(np.argmin(losses))]


def _kernels(centres: torch.Tensor, width: float) -> GaussianMixtureEnergy:
    n = len(centres)
    return GaussianMixtureEnergy(torch.full((n,), 1 / n), centres, torch.full((n,), width**2))
