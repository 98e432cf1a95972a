r"""A Gaussian mixture, its number of components and its shrinkage chosen on validation rows.

Covariances are full in every dimension. Those of a few rows are poor, so each is drawn towards the
pooled covariance within components,

.. math:: C_k \leftarrow (1 - a)\, C_k + a \sum_j w_j C_j

(Friedman 1989, Regularized discriminant analysis, JASA 84(405), for classes), with the share ``a``
under which validation rows are likeliest. In many dimensions rows are assigned to components
in the leading principal components, where expectation-maximisation is affordable; means and
covariances are then those of the whole rows.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.estimators.base import Estimator
from ebmbench.options import options

WIDE, LEADING = 128, 30
"""From so many dimensions on, rows are assigned in so many principal components."""
JUDGES = 2000
"""Validation rows that judge in many dimensions, at most."""


@dataclass(frozen=True)
class Parts:
    """Weights, means and covariances of a mixture, float64."""

    weights: Tensor
    """``(k,)``."""
    means: Tensor
    """``(k, d)``."""
    covariances: Tensor
    """``(k, d, d)``."""

    def shrunk(self, share: float) -> GaussianMixtureEnergy:
        """Return the mixture with covariances drawn towards the pooled one."""
        pooled = torch.einsum("k,kij->ij", self.weights, self.covariances)
        covariances = (1 - share) * self.covariances + share * pooled
        return GaussianMixtureEnergy(self.weights.float(), self.means.float(), covariances.float())


@options
class GaussianMixtureEstimator(Estimator):
    """scikit-learn's mixture with the best validation likelihood."""

    components: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)] = Field(
        default_factory=lambda: [1, 2, 4, 8, 16, 32]
    )
    """Sizes tried in this order, up to the first that is worse than the best so far; those above a
    tenth of the training rows are left out."""
    shrinkages: Annotated[list[Annotated[float, Field(ge=0, le=1)]], Field(min_length=1)] = Field(
        default_factory=lambda: [0.0, 0.1, 0.3, 0.6, 1.0]
    )
    """Shares of the pooled covariance that are tried."""
    rows: Annotated[int, Field(gt=0)] = 10_000
    """Training rows of the expectation-maximisation, at most; from :data:`WIDE` dimensions on
    moments are those of all rows."""
    ridge: Annotated[float, Field(gt=0)] = 1e-4

    families: ClassVar[frozenset[str] | None] = None

    def fit(self, dataset: Dataset, generator: torch.Generator) -> Energy:
        """See :class:`~ebmbench.estimators.base.Estimator`.

        Raises:
            EbmbenchError: there are too few training rows for every size.
        """
        wide = dataset.dim >= WIDE
        judges = dataset.validation[: JUDGES if wide else self.rows]
        seed = int(torch.randint(2**31, (1,), generator=generator))
        found = len(dataset.train[: self.rows])
        best: GaussianMixtureEnergy | None = None
        best_score = -np.inf
        for size in self.components:
            if size > 1 and size > found // 10:
                continue
            parts = (self._projected if wide else self._whole)(dataset.train, size, seed)
            shares = self.shrinkages if size > 1 else self.shrinkages[:1]
            candidates = [parts.shrunk(share) for share in shares]
            scores = [-float(each(judges).double().mean()) for each in candidates]
            score = max(scores)
            if best is not None and score < best_score:
                break
            best, best_score = candidates[scores.index(score)], score
        if best is None:
            raise EbmbenchError(
                f"gmm with {min(self.components)} or more components needs ten training rows "
                f"each, found {found} rows"
            )
        return best

    def _whole(self, train: Tensor, size: int, seed: int) -> Parts:
        """Fit all columns by expectation-maximisation."""
        model = self._model(train[: self.rows].double(), size, seed)
        parts = (model.weights_, model.means_, model.covariances_)
        return Parts(*[torch.from_numpy(part).double() for part in parts])

    def _projected(self, train: Tensor, size: int, seed: int) -> Parts:
        """Assign rows in principal components; take the moments of whole rows."""
        few = train[: self.rows].numpy()
        leading = PCA(LEADING, svd_solver="covariance_eigh").fit(few)
        model = self._model(torch.from_numpy(leading.transform(few)).double(), size, seed)
        labels = np.concatenate(
            [model.predict(leading.transform(part.numpy())) for part in torch.split(train, 10_000)]
        )
        weights, means, covariances = [], [], []
        for k in range(size):
            rows = train[torch.from_numpy(labels == k)].double()
            if len(rows) < 2:  # it has no covariance
                continue
            weights.append(len(rows) / len(train))
            means.append(rows.mean(0))
            covariance = torch.cov(rows.T, correction=0)
            covariance.diagonal().add_(self.ridge)
            covariances.append(covariance)
        share = torch.tensor(weights).double()
        return Parts(share / share.sum(), torch.stack(means), torch.stack(covariances))

    def _model(self, rows: Tensor, size: int, seed: int) -> GaussianMixture:
        model = GaussianMixture(size, reg_covar=self.ridge, random_state=seed, max_iter=100)
        with warnings.catch_warnings():
            # A mixture that has not converged is still a density; validation judges it.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(rows.numpy())
