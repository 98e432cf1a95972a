"""How well a demixing matrix was found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.ica import ICAEnergy
from ebmbench.energies.pulled_back import PulledBack
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
    if true is None:
        return None
    found = demixing_of(energy)
    return None if found is None else (_array(found), _array(true))


def demixing_of(energy: Energy) -> Tensor | None:
    """Return the demixing matrix of an energy in the coordinates of its rows, or ``None``.

    Float64, ``(d, d)``; of a pulled-back energy the product with its map.
    """
    if isinstance(energy, PulledBack):
        inner = demixing_of(energy.inner)
        return None if inner is None else inner @ energy.map.full
    return energy.demixing.detach().double() if isinstance(energy, ICAEnergy) else None


def _array(matrix: Tensor) -> Array:
    return np.asarray(matrix.detach().double().cpu().numpy(), dtype=np.float64)
