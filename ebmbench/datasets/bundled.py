"""Tables that scikit-learn carries: no download, no folder."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine

from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.datasets.preprocess import Recipe, prepare
from ebmbench.options import options
from ebmbench.seeds import derive_seed

BundledName = Literal["wine", "breast-cancer"]

READERS = {"wine": load_wine, "breast-cancer": load_breast_cancer}
RECIPES = {
    "wine": Recipe(test_fraction=0.2),
    "breast-cancer": Recipe(test_fraction=0.2, whiten=True, noise=0.05),
}


@options
class BundledLoader(Loader):
    """One table, split and scaled by the seed; the label is left out."""

    name: BundledName

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return ()

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        rows = np.asarray(READERS[self.name]().data, dtype=np.float64)
        return prepare(rows, RECIPES[self.name], sizes, derive_seed("bundled", self.name, seed))
