"""The 8×8 digits that scikit-learn carries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.datasets.images import image_dataset
from ebmbench.options import options
from ebmbench.seeds import derive_seed

LEVELS = 17
SHAPE = (8, 8)


@options
class DigitsLoader(Loader):
    """1797 images of 64 pixels; 15 % test, 10 % validation, by the seed."""

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return ()

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        pixels = np.asarray(load_digits().data, dtype=np.uint8)
        derived = derive_seed("digits", seed)
        order = np.random.default_rng(derived).permutation(len(pixels))
        test, validation, train = np.split(order, [270, 450])
        parts = (pixels[train], pixels[validation], pixels[test])
        return image_dataset(*parts, LEVELS, shape=SHAPE, sizes=sizes, seed=derived)
