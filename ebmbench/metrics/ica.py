"""How well a demixing matrix was found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ebmbench.energies.ica import ICAEnergy
from ebmbench.metrics.base import Evaluation, Measurement

Array = npt.NDArray[np.float64]


def amari_distance(evaluation: Evaluation) -> Measurement | None:
    """Return the Amari distance of the demixing matrix to the truth; none without one."""
    pair = _matrices(evaluation)
    return None if pair is None else Measurement(amari(*pair))


def demixing_error(evaluation: Evaluation) -> Measurement | None:
    """Return the squared error of the demixing matrix; none without a truth.

    Scale is not fitted: the model's source densities fix it.
    """
    pair = _matrices(evaluation)
    return None if pair is None else Measurement(squared_error(*pair))


def amari(found: Array, true: Array) -> float:
    """Return the Amari distance between two demixing matrices, ``(d, d)``, in [0, 1].

    Example:
        >>> amari(np.array([[0.0, -2.0], [3.0, 0.0]]), np.eye(2))
        0.0
    """
    p = np.abs(found @ np.linalg.inv(true))
    d = len(p)
    rows = (p.sum(1) / p.max(1) - 1).sum()
    columns = (p.sum(0) / p.max(0) - 1).sum()
    return float(rows + columns) / (2 * d * (d - 1))


def squared_error(found: Array, true: Array) -> float:
    """Return the sum of squared errors after the best permutation and signs of the rows.

    Example:
        >>> squared_error(np.array([[0.0, -1.0], [1.5, 0.0]]), np.eye(2))
        0.25
    """
    match = np.abs(found @ true.T)
    cost = (found**2).sum(1)[:, None] + (true**2).sum(1)[None, :] - 2 * match
    rows, columns = linear_sum_assignment(cost)
    # from differences, since the cost above cancels where the matrices nearly agree
    sign = np.where((found[rows] * true[columns]).sum(1) < 0, -1.0, 1.0)
    return float(((found[rows] - sign[:, None] * true[columns]) ** 2).sum())


def _matrices(evaluation: Evaluation) -> tuple[Array, Array] | None:
    energy, true = evaluation.energy, evaluation.dataset.demixing
    if true is None or not isinstance(energy, ICAEnergy):
        return None
    return _array(energy.demixing), _array(true)


def _array(matrix: Tensor) -> Array:
    return np.asarray(matrix.detach().double().cpu().numpy(), dtype=np.float64)
