"""One Gaussian with full covariance: the line that every energy has to beat."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.estimators.base import Estimator
from ebmbench.options import options


@options
class GaussianEstimator(Estimator):
    """Maximum likelihood, with a ridge in units of the mean variance."""

    ridge: Annotated[float, Field(ge=0)] = 1e-6

    families: ClassVar[frozenset[str] | None] = None

    def fit(self, dataset: Dataset, generator: torch.Generator) -> Energy:
        """See :class:`~ebmbench.estimators.base.Estimator`."""
        rows = dataset.train.double()
        d = rows.shape[1]
        covariance = torch.cov(rows.T, correction=0).reshape(d, d)
        covariance += self.ridge * covariance.diagonal().mean() * torch.eye(d).double()
        mean = rows.mean(0, keepdim=True).float()
        return GaussianMixtureEnergy(torch.ones(1), mean, covariance[None].float())
