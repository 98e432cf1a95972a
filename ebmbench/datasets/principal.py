r"""Rows in their leading principal components, each of unit variance.

.. math:: y = \Lambda^{-1/2} V^\top (x - \bar x), \qquad C = V \Lambda V^\top,

with the covariance :math:`C` of training rows (Jolliffe 2002, Principal Component Analysis, Sect.
2.3). The map forgets what is outside the components, so that likelihood in ``y`` has no
counterpart in raw units.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ebmbench.datasets.base import Dataset
from ebmbench.errors import EbmbenchError

CHUNK = 4096
"""Rows whose products are summed in float64 at a time."""


def in_principal_components(rows: Dataset, components: int) -> Dataset:
    """Return all splits and the outliers in whitened principal components of the training rows.

    Arguments:
        rows: of ``d`` columns; what they say of raw units and of images does not hold any more.
        components: how many, ``1 … d``.

    Raises:
        EbmbenchError: there are fewer columns than components, or no more training rows.
    """
    n, d = rows.train.shape
    if not components <= min(d, n - 1):
        raise EbmbenchError(
            f"components is {components}, allowed: 1 to {min(d, n - 1)}, the columns and one less "
            "than the training rows"
        )
    mean, scale = whitening(rows.train, components)

    def project(x: Tensor) -> Tensor:
        parts = [(part.double() - mean) @ scale for part in torch.split(x, CHUNK)]
        return torch.cat(parts).float()

    return replace(
        rows,
        train=project(rows.train),
        validation=project(rows.validation),
        test=project(rows.test),
        test_log_det=None,
        image_shape=None,
        outliers=None if rows.outliers is None else project(rows.outliers),
    )


def whitening(x: Tensor, components: int) -> tuple[Tensor, Tensor]:
    """Return the mean, ``(d,)``, and the matrix, ``(d, components)``, in float64.

    The largest entry of each direction is positive, so that one set of rows has one matrix.
    """
    mean = x.mean(0, dtype=torch.float64)
    covariance = torch.zeros(x.shape[1], x.shape[1], dtype=torch.float64)
    for part in torch.split(x, CHUNK):
        centred = part.double() - mean
        covariance.addmm_(centred.T, centred)
    values, vectors = torch.linalg.eigh(covariance / (len(x) - 1))
    values, vectors = values[-components:].flip(0), vectors[:, -components:].flip(1)
    largest = vectors.abs().argmax(0)
    signs = vectors[largest, torch.arange(components)].sign()
    return mean, vectors * signs * values.rsqrt()
