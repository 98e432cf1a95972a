"""A Gaussian mixture by expectation-maximisation, its size chosen on validation rows."""

from __future__ import annotations

import warnings
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.estimators.base import Estimator
from ebmbench.options import options

WIDE = 128
"""From this many dimensions on, covariances are diagonal."""


@options
class GaussianMixtureEstimator(Estimator):
    """scikit-learn's mixture with the best validation likelihood."""

    components: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)] = Field(
        default_factory=lambda: [1, 2, 4, 8, 16, 32]
    )
    """Sizes tried in this order, up to the first that is worse than the best so far; those above a
    tenth of the training rows are left out."""
    rows: Annotated[int, Field(gt=0)] = 10_000
    """Training rows used at most."""
    ridge: Annotated[float, Field(gt=0)] = 1e-4

    families: ClassVar[frozenset[str] | None] = None

    def fit(self, dataset: Dataset, generator: torch.Generator) -> Energy:
        """See :class:`~ebmbench.estimators.base.Estimator`.

        Raises:
            EbmbenchError: there are too few training rows for every size.
        """
        train = dataset.train[: self.rows].double().numpy()
        validation = dataset.validation[: self.rows].double().numpy()
        kind: Literal["full", "diag"] = "diag" if train.shape[1] >= WIDE else "full"
        seed = int(torch.randint(2**31, (1,), generator=generator))
        best: GaussianMixture | None = None
        best_score = -np.inf
        for size in self.components:
            if size > 1 and size > len(train) // 10:
                continue
            model = GaussianMixture(
                size, covariance_type=kind, reg_covar=self.ridge, random_state=seed, max_iter=100
            )
            with warnings.catch_warnings():
                # A mixture that has not converged is still a density; validation judges it.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model.fit(train)
            score = model.score(validation)
            if best is not None and score < best_score:
                break
            best, best_score = model, score
        if best is None:
            raise EbmbenchError(
                f"gmm with {min(self.components)} or more components needs ten training rows "
                f"each, found {len(train)} rows"
            )
        parts = (best.weights_, best.means_, best.covariances_)
        return GaussianMixtureEnergy(*[torch.from_numpy(part).float() for part in parts])
