"""Nine hundred images of clothes: what a model of digits should find unlikely.

They are the picture that the official repository of Fashion-MNIST shows, cut into its tiles (Xiao,
Rasul & Vollgraf 2017, arXiv:1708.07747): neither its training nor its test set.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ebmbench.datasets.store import find
from ebmbench.errors import EbmbenchError

FILE = "fashionmnist_sprite/fashion-mnist-sprite.png"
TILES, SIDE = 30, 28
"""Tiles along each side of the picture, and pixels along each side of a tile."""


def read_fashion(data_dir: Path | None) -> NDArray[np.uint8]:
    """Return the images as rows of grey values, ``(900, 784)``.

    Raises:
        ebmbench.datasets.store.DataUnavailable: the picture is nowhere to be found.
        EbmbenchError: it is corrupt.
    """
    return cut(find(FILE, data_dir))


def cut(path: Path) -> NDArray[np.uint8]:
    """Cut a picture into its tiles, row by row.

    Raises:
        EbmbenchError: the picture has another size.
    """
    from matplotlib.image import imread

    picture = imread(path)
    if picture.shape[:2] != (TILES * SIDE, TILES * SIDE):
        raise EbmbenchError(
            f"picture {str(path)!r} is of {picture.shape[1]} by {picture.shape[0]} pixels, not "
            f"{TILES * SIDE} by {TILES * SIDE}"
        )
    # the three channels are equal; a PNG is read as fractions of 255
    grey = np.rint(255 * picture.reshape(*picture.shape[:2], -1)[:, :, 0]).astype(np.uint8)
    tiles: NDArray[np.uint8] = grey.reshape(TILES, SIDE, TILES, SIDE).swapaxes(1, 2)
    return tiles.reshape(TILES * TILES, SIDE * SIDE)
