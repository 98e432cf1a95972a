"""MNIST from its official files."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.datasets.fashion import read_fashion
from ebmbench.datasets.images import image_dataset
from ebmbench.datasets.principal import in_principal_components
from ebmbench.datasets.store import DataUnavailable, find
from ebmbench.errors import EbmbenchError, first_line
from ebmbench.options import options
from ebmbench.seeds import derive_seed

LEVELS = 256
SHAPE = (28, 28)
VALIDATION = 6000
"""The last training images, after a shuffle by the seed; 54,000 remain, as in the papers."""
TRAIN_FILE = "mnist/train-images-idx3-ubyte.gz"
TEST_FILE = "mnist/t10k-images-idx3-ubyte.gz"


@options
class MNISTLoader(Loader):
    """54,000 + 6,000 + 10,000 images of 784 pixels; clothes as outliers where they are at hand."""

    components: Annotated[int, Field(gt=0, le=784)] | None = None
    """Whitened principal components of the training rows in place of the pixels."""

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return (TRAIN_FILE, TEST_FILE)

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        pixels = read_idx(find(TRAIN_FILE, data_dir))
        test = read_idx(find(TEST_FILE, data_dir))
        derived = derive_seed("mnist", seed)
        order = np.random.default_rng(derived).permutation(len(pixels))
        train, validation = pixels[order[:-VALIDATION]], pixels[order[-VALIDATION:]]
        images = image_dataset(
            train,
            validation,
            test,
            LEVELS,
            shape=SHAPE,
            sizes=sizes,
            seed=derived,
            outliers=_outliers(data_dir),
        )
        if self.components is None:
            return images
        return in_principal_components(images, self.components)


def _outliers(data_dir: Path | None) -> NDArray[np.uint8] | None:
    # one metric looks at them, so a task is not skipped for want of them
    try:
        return read_fashion(data_dir)
    except DataUnavailable:
        return None


MAGIC = 0x803
"""Of an IDX file of bytes with three axes."""
LARGEST = 1 << 28
"""Bytes of pixels in one file; the largest that is known here has 47 million."""


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read gzipped IDX images as rows, ``(n, height · width)``.

    Raises:
        EbmbenchError: the file is not IDX with three axes of bytes, or is cut short.
    """
    try:
        with gzip.open(path) as stream:
            header = stream.read(16)
            magic, n, height, width = struct.unpack(">4I", header)
            size = n * height * width
            # No more than it says, so that a few bytes do not fill the memory.
            right = magic == MAGIC and size <= LARGEST
            content = stream.read(size + 1) if right else b""
    except (OSError, EOFError, zlib.error, struct.error) as error:
        words = first_line(error)
        raise EbmbenchError(f"data file {str(path)!r} cannot be read: {words}") from None
    if not right or len(content) != size:
        raise EbmbenchError(f"data file {str(path)!r} is not an IDX file of images")
    return np.frombuffer(content, dtype=np.uint8).reshape(n, height * width)
