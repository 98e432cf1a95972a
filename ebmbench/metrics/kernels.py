"""Kernel discrepancies: MMD between samples, and KSD of data under the model."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.calculus.stein import stein_kernel
from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.held_out import scores
from ebmbench.metrics.model_samples import counts, held_out, samples_of

BANDWIDTHS = (4.0, 2.0, 1.0, 0.5, 0.25)
"""Of the Gaussian kernels, in units of the median distance; each is half the one before."""
STEIN_ROWS = (300, 1000, 4000)


def mmd(evaluation: Evaluation) -> Measurement:
    """Return the unbiased squared MMD between model samples and test rows."""
    drawn, y = samples_of(evaluation), held_out(evaluation)
    value, stderr = mmd_statistic(drawn.x, y)
    return Measurement(value, stderr, note=counts(drawn, y))


def ksd(evaluation: Evaluation) -> Measurement:
    """Return the unbiased squared kernel Stein discrepancy of test rows under the model."""
    x = held_out(evaluation)[: STEIN_ROWS[evaluation.effort]]
    value, stderr = ksd_statistic(x, scores(evaluation.energy, x))
    return Measurement(value, stderr, note=f"{len(x)} test rows")


def mmd_statistic(x: Tensor, y: Tensor) -> tuple[float, float]:
    """Return the unbiased squared MMD and the standard error of its linear part.

    Arguments:
        x: ``(n, d)``.
        y: ``(m, d)``; the median distance between ``x`` and ``y`` sets the bandwidths.
    """
    n, m = len(x), len(y)
    cross_squares = torch.cdist(x, y).square()
    median = cross_squares.median().clamp_min(1e-300)
    cross = _gaussian(cross_squares, median)
    within_x = (_gaussian(torch.cdist(x, x).square(), median).sum(1) - 1) / (n - 1)
    within_y = (_gaussian(torch.cdist(y, y).square(), median).sum(1) - 1) / (m - 1)
    value = within_x.mean() + within_y.mean() - 2 * cross.mean()
    linear_x = 2 * (within_x - cross.mean(1))
    linear_y = 2 * (within_y - cross.mean(0))
    return float(value), math.sqrt(float(linear_x.var() / n + linear_y.var() / m))


def ksd_statistic(x: Tensor, s: Tensor) -> tuple[float, float]:
    """Return the unbiased squared KSD and the standard error of its linear part.

    Arguments:
        x: points, ``(n, d)``; the median distance between them is the width of the kernel.
        s: the model's scores there, ``(n, d)``.
    """
    n = len(x)
    stein = stein_kernel(x, s, torch.pdist(x).median().square()).fill_diagonal_(0)
    rows = stein.sum(1) / (n - 1)
    return float(rows.mean()), 2 * float(rows.std()) / math.sqrt(n)


def _gaussian(squares: Tensor, median: Tensor) -> Tensor:
    kernel = (-0.5 / (BANDWIDTHS[0] ** 2 * median) * squares).exp()
    total = kernel.clone()
    for _ in BANDWIDTHS[1:]:
        # half the bandwidth is the fourth power, which is cheaper than another exponential
        kernel = kernel.square_().square_()
        total += kernel
    return total / len(BANDWIDTHS)
