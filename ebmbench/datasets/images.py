r"""Grey images as continuous data: uniform dequantisation and the logit map.

A pixel ``k`` of ``levels`` becomes :math:`u = (k + r) / levels`, ``r`` uniform on [0, 1), then
:math:`v = \lambda + (1 - 2\lambda) u` and :math:`x = \operatorname{logit}(v)`. The map is
invertible, so likelihood in ``x`` and in bits per raw pixel are the same number in two units:

.. math:: \log\Big|\frac{dx}{dk}\Big| = \log\frac{1 - 2\lambda}{levels} - \log v - \log(1 - v)

Papamakarios et al. (2017), App. E (arXiv:1705.07057).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ebmbench.datasets.base import Dataset, Sizes
from ebmbench.datasets.preprocess import split_dataset

LAMBDA = 1e-6
"""The published value of ``λ``."""


def logit_pixels(pixels: Tensor, levels: int, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return the images in logit space ``(n, d)`` and the log-determinant of the map, ``(n,)``.

    Arguments:
        pixels: grey values ``0 … levels − 1``, ``(n, d)``.
        levels: number of grey values.
        noise: uniform numbers in [0, 1), ``(n, d)``, float64.
    """
    v = LAMBDA + (1 - 2 * LAMBDA) * (pixels.double() + noise) / levels
    log_v, log_rest = v.log(), torch.log1p(-v)
    slope = np.log((1 - 2 * LAMBDA) / levels) - log_v - log_rest
    return log_v - log_rest, slope.sum(-1)


def image_dataset(
    train: NDArray[np.uint8],
    validation: NDArray[np.uint8],
    test: NDArray[np.uint8],
    levels: int,
    sizes: Sizes,
    seed: int,
) -> Dataset:
    """Dequantise and map three splits of flattened images, each ``(n, d)``."""
    generator = torch.Generator().manual_seed(seed)
    mapped = []
    for part in (train, validation, test):
        noise = torch.rand(part.shape, generator=generator, dtype=torch.float64)
        x, log_det = logit_pixels(torch.tensor(part), levels, noise)
        mapped.append(x.numpy())
    rows = split_dataset(mapped[0], mapped[1], mapped[2], sizes)
    return replace(rows, test_log_det=log_det[: len(rows.test)].float())
