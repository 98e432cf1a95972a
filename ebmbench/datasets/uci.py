"""Tables of the UCI repository that lie in single files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.datasets.preprocess import Array, Recipe, prepare
from ebmbench.datasets.store import find
from ebmbench.options import options
from ebmbench.seeds import derive_seed

UCIName = Literal[
    "wine-red", "wine-white", "parkinsons", "banknote", "magic", "casp", "ionosphere"
]


@dataclass(frozen=True)
class Table:
    """One file and which of its columns are a density's business."""

    file: str
    recipe: Recipe
    separator: str = ","
    header: bool = False
    drop: tuple[int, ...] = ()
    """Columns left out: labels, targets, discrete ones, and those that correlate above 0.98 with
    an earlier one; chosen once for the whole table, so that all seeds have the same columns."""


SSM = Recipe(dequantise=1.0, whiten=True, noise=0.05, validation_cap=1000)
"""Song et al. (2019), App. on DKEF, after Wenliang et al. (2019)."""
PLAIN = Recipe(floor=0.05)
"""Standardised; rounding leaves many values of these tables, and so many rows, close together."""

TABLES: dict[UCIName, Table] = {
    "wine-red": Table("winequality/winequality-red.csv", SSM, ";", True, (11,)),
    "wine-white": Table("winequality/winequality-white.csv", SSM, ";", True, (11,)),
    "parkinsons": Table(
        "parkinsons/parkinsons_updrs.data", SSM, header=True, drop=(0, 1, 2, 8, 10, 12, 14, 16)
    ),
    "banknote": Table("banknote/data_banknote_authentication.txt", PLAIN, drop=(4,)),
    "magic": Table("magic/magic04.data", PLAIN, drop=(10,)),
    "casp": Table("casp/CASP.csv", PLAIN, header=True, drop=(0, 6)),
    "ionosphere": Table("ionosphere/ionosphere.data", Recipe(noise=0.05), drop=(0, 1, 34)),
}


@options
class UCILoader(Loader):
    """One table, split and scaled by the seed."""

    name: UCIName

    def files(self) -> tuple[str, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return (TABLES[self.name].file,)

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        table = TABLES[self.name]
        rows = read_table(find(table.file, data_dir), table)
        random = derive_seed("uci", self.name, seed)
        return prepare(rows, table.recipe, sizes, random, who=f"table {table.file!r}")


def read_table(path: Path, table: Table) -> Array:
    """Return the columns that are kept, ``(n, d)``."""
    frame = pd.read_csv(path, sep=table.separator, header=0 if table.header else None)
    kept = [k for k in range(frame.shape[1]) if k not in table.drop]
    return np.asarray(frame.iloc[:, kept], dtype=np.float64)
