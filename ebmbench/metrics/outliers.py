"""Whether a model finds images of another kind less likely than held-out ones."""

from __future__ import annotations

import math

from torch import Tensor

from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.held_out import test_log_density
from ebmbench.partition.base import log_density


def ood_auroc(evaluation: Evaluation) -> Measurement | None:
    """Return how well the energy alone tells test rows from outliers; none without outliers.

    ``log Z`` moves both alike, so it does not matter.
    """
    outliers = evaluation.dataset.outliers
    if outliers is None:
        return None
    inside = test_log_density(evaluation)
    value = auroc(inside, log_density(evaluation.energy, outliers))
    n, m = len(inside), len(outliers)
    return Measurement(value, auroc_stderr(value, n, m), note=f"{n} test rows, {m} outliers")


def auroc(inside: Tensor, outside: Tensor) -> float:
    """Return the probability that a row inside scores higher than one outside; ties count half.

    Arguments:
        inside: scores, ``(n,)``.
        outside: scores, ``(m,)``.

    Example:
        >>> import torch
        >>> auroc(torch.tensor([3.0, 1.0]), torch.tensor([2.0, 0.0]))
        0.75
    """
    from sklearn.metrics import roc_auc_score

    scores = [*inside.tolist(), *outside.tolist()]
    labels = [1] * len(inside) + [0] * len(outside)
    return float(roc_auc_score(labels, scores))


def auroc_stderr(value: float, n: int, m: int) -> float:
    """Return the standard error of an area (Hanley & McNeil 1982, Radiology 143(1), Eq. 2).

    Arguments:
        value: the area.
        n: rows inside.
        m: rows outside.
    """
    both_inside, both_outside = value / (2 - value), 2 * value**2 / (1 + value)
    variance = value * (1 - value)
    variance += (n - 1) * (both_inside - value**2) + (m - 1) * (both_outside - value**2)
    return math.sqrt(max(variance, 0.0) / (n * m))
