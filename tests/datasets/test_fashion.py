"""The clothes: cut tile by tile, and in the coordinates of the digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imsave

from ebmbench.datasets.base import Sizes
from ebmbench.datasets.fashion import cut, read_fashion
from ebmbench.datasets.mnist import MNISTLoader
from ebmbench.errors import EbmbenchError


def test_tiles_are_cut_row_by_row(tmp_path: Path) -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (30, 30, 28, 28), dtype=np.uint8)
    picture = tiles.swapaxes(1, 2).reshape(840, 840, 1)
    imsave(tmp_path / "a.png", picture.repeat(3, 2))
    np.testing.assert_array_equal(cut(tmp_path / "a.png"), tiles.reshape(900, 784))


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    imsave(tmp_path / "a.png", np.zeros((28, 56)), cmap="gray")
    with pytest.raises(EbmbenchError, match="of 56 by 28 pixels, not 840 by 840"):
        cut(tmp_path / "a.png")


@pytest.mark.data
def test_outliers_come_with_the_digits_and_move_none_of_them() -> None:
    pixels = read_fashion(None)
    rows = MNISTLoader().load(Sizes(100, 50, 70), 0, None)
    assert pixels.shape == (900, 784)
    assert rows.outliers is not None
    assert rows.outliers.shape == (900, 784)
    # clothes cover more of the picture than strokes do
    assert float(rows.outliers.mean()) > float(rows.test.mean()) + 1
