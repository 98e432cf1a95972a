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
CHUNK = 512
"""Images mapped at a time, so that what is computed in between stays in the cache."""


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


def grey_values(x: Tensor) -> Tensor:
    """Return the grey values in [0, 1] of images in logit space: the map without its noise."""
    return ((x.sigmoid() - LAMBDA) / (1 - 2 * LAMBDA)).clamp(0, 1)


def image_dataset(
    train: NDArray[np.uint8],
    validation: NDArray[np.uint8],
    test: NDArray[np.uint8],
    levels: int,
    *,
    shape: tuple[int, int],
    sizes: Sizes,
    seed: int,
    outliers: NDArray[np.uint8] | None = None,
) -> Dataset:
    """Dequantise and map three splits of flattened images, each ``(n, d)``, and outliers."""
    generator = torch.Generator().manual_seed(seed)
    x_train, _ = _mapped(train, levels, generator)
    x_validation, _ = _mapped(validation, levels, generator)
    x_test, log_det = _mapped(test, levels, generator)
    rows = split_dataset(x_train.numpy(), x_validation.numpy(), x_test.numpy(), sizes)
    return replace(
        rows,
        test_log_det=log_det[: len(rows.test)],
        image_shape=shape,
        outliers=None if outliers is None else _mapped(outliers, levels, generator)[0],
    )


def _mapped(
    pixels: NDArray[np.uint8], levels: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Map a split by chunks, computed in float64 and kept in float32."""
    x = torch.empty(pixels.shape)
    log_det = torch.empty(len(pixels))
    for start in range(0, len(pixels), CHUNK):
        part = torch.tensor(pixels[start : start + CHUNK])
        noise = torch.rand(part.shape, generator=generator, dtype=torch.float64)
        here = slice(start, start + len(part))
        x[here], log_det[here] = logit_pixels(part, levels, noise)
    return x, log_det
