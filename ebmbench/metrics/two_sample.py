"""The classifier two-sample test, as the benchmark of simulation-based inference defines it."""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.model_samples import held_out, samples_of

FOLDS = 5
MOST = 2000
"""Points of each kind; the classifier is trained once per fold."""


def c2st(evaluation: Evaluation) -> Measurement:
    """Return the accuracy of telling model samples from test rows; one half: it cannot."""
    drawn, y = samples_of(evaluation), held_out(evaluation)
    x = drawn.x
    n = min(len(x), len(y), MOST)
    value, stderr = accuracy(x[:n], y[:n], evaluation.seed % 2**32)
    return Measurement(value, stderr, note=f"{n} points of each, {FOLDS} folds; {drawn.how}")


def accuracy(x: Tensor, y: Tensor, seed: int) -> tuple[float, float]:
    """Return the cross-validated accuracy of a small network, and its standard error.

    Arguments:
        x: ``(n, d)``; mean and deviation of these standardise both.
        y: ``(n, d)``.
        seed: of the network and of the folds.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import KFold, cross_val_score
    from sklearn.neural_network import MLPClassifier

    mean, std = x.mean(0), x.std(0)
    points = ((torch.cat([x, y]) - mean) / std).numpy()
    labels = torch.cat([torch.zeros(len(x)), torch.ones(len(y))]).numpy()
    width = 10 * x.shape[1]
    network = MLPClassifier((width, width), max_iter=1000, random_state=seed)
    folds = KFold(FOLDS, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores = cross_val_score(network, points, labels, cv=folds, scoring="accuracy")
    value = float(scores.mean())
    return value, math.sqrt(value * (1 - value) / len(labels))
