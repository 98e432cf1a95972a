"""FastICA: what one uses for ICA when one is not training an energy."""

from __future__ import annotations

import warnings
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning

from ebmbench.datasets.base import Dataset
from ebmbench.datasets.ica import ICADensity
from ebmbench.energies.base import Energy
from ebmbench.energies.ica import ICAEnergy, Sources
from ebmbench.errors import EbmbenchError
from ebmbench.estimators.base import Estimator
from ebmbench.options import options


@options
class FastICAEstimator(Estimator):
    """FastICA's directions; the scale of each by maximum likelihood of the task's source law."""

    families: ClassVar[frozenset[str] | None] = frozenset({"ica"})

    def fit(self, dataset: Dataset, generator: torch.Generator) -> Energy:
        """See :class:`~ebmbench.estimators.base.Estimator`.

        Raises:
            EbmbenchError: the task is not an ICA task.
        """
        if not isinstance(dataset.truth, ICADensity):
            raise EbmbenchError("fastica is for ica tasks only")
        sources: Sources = dataset.truth.sources
        seed = int(torch.randint(2**31, (1,), generator=generator))
        rows = dataset.train.double().numpy()
        with warnings.catch_warnings():
            # With two dozen sources it may stop early; the metrics tell how good it is.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = FastICA(whiten="unit-variance", random_state=seed, max_iter=500).fit(rows)
        demixing = model.components_
        s = (rows - rows.mean(0)) @ demixing.T
        scales = [_best_scale(column, sources) for column in s.T]
        return ICAEnergy(
            torch.from_numpy(np.diag(scales) @ demixing).float(),
            sources,
            dataset.train.mean(0),
            dataset.train.std(0),
        )


def _best_scale(s: NDArray[np.float64], sources: Sources) -> float:
    """Return the factor that makes ``s`` most likely under the source law."""
    if sources == "laplace":
        return float(1 / (np.sqrt(2) * np.abs(s).mean()))

    def loss(log_scale: float) -> float:
        scaled = np.exp(log_scale) * s
        return float(np.mean(scaled + 2 * np.logaddexp(0, -scaled)) - log_scale)

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 5), method="bounded").x))
