"""A sheet of model samples, for the eye: what no number of an image model replaces."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.image import imsave
from torch import Tensor

from ebmbench.datasets.images import grey_values

ROWS = COLUMNS = 10
LEAST_SIDE = 28
"""Pixels of a tile's shorter side at least; smaller images are enlarged by a whole factor."""


def sample_sheet(x: Tensor, shape: tuple[int, int]) -> bytes:
    """Return the first hundred images as one PNG; the same rows give the same bytes.

    Arguments:
        x: images in logit space, ``(n, height · width)``, ``n`` at least a hundred.
        shape: height and width.
    """
    height, width = shape
    tiles = grey_values(x[: ROWS * COLUMNS]).reshape(ROWS, COLUMNS, height, width).numpy()
    factor = -(-LEAST_SIDE // min(shape))
    # a margin of one white pixel between images
    framed = np.pad(
        tiles.repeat(factor, 2).repeat(factor, 3),
        ((0, 0), (0, 0), (0, 1), (0, 1)),
        constant_values=1.0,
    )
    sheet = framed.swapaxes(1, 2).reshape(ROWS * framed.shape[2], COLUMNS * framed.shape[3])
    content = io.BytesIO()
    # no name and version of the program, so that the bytes depend on the pixels alone
    words: Any = {"Software": None}
    imsave(content, sheet, cmap="gray", vmin=0, vmax=1, format="png", metadata=words)
    return content.getvalue()
