"""A table of one's own in a file: CSV, and by its suffix Parquet or NumPy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.datasets.preprocess import Recipe, prepare
from ebmbench.options import options
from ebmbench.seeds import derive_seed
from ebmbench.tablefiles.dialect import Dialect
from ebmbench.tablefiles.reading import Missing, read_table_file

Share = Annotated[float, Field(gt=0, lt=1)]


@options
class CSVLoader(Loader):
    """The rows of one file, split and standardised by the seed."""

    path: Path
    """Relative to the card; ``.parquet``, ``.npy`` and ``.npz`` say what they are."""
    separator: str = ","
    r"""Of text: one character, or ``\s+`` for any white space."""
    decimal: Literal[".", ","] = "."
    header: bool = True
    """Whether the first line holds names; without it columns are named 1, 2, …"""
    encoding: str = "utf-8-sig"
    """Of text; by default UTF-8 with a byte order mark or without."""
    columns: list[str | int] = Field(default_factory=list)
    """Those that are used, by name or by number from 1; empty: all."""
    drop: list[str | int] = Field(default_factory=list)
    """Those of them that are left out."""
    missing: Missing = "refuse"
    """What an empty cell comes to."""
    array: str | None = None
    """Which one of an ``.npz`` file; ``None``: the only one."""
    dequantise: Annotated[float, Field(ge=0)] = Recipe.dequantise
    """See :class:`~ebmbench.datasets.preprocess.Recipe`, as of all that follow."""
    whiten: bool = Recipe.whiten
    noise: Annotated[float, Field(ge=0)] = Recipe.noise
    floor: Annotated[float, Field(ge=0)] = Recipe.floor
    test_fraction: Share = Recipe.test_fraction
    validation_fraction: Share = Recipe.validation_fraction

    def files(self) -> tuple[str | Path, ...]:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        return (self.path,)

    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """See :class:`~ebmbench.datasets.base.Loader`."""
        dialect = Dialect(self.separator, self.decimal, self.header, self.encoding)
        table = read_table_file(self.path, dialect, self.array).select(self.columns, self.drop)
        recipe = Recipe(
            dequantise=self.dequantise,
            whiten=self.whiten,
            noise=self.noise,
            floor=self.floor,
            test_fraction=self.test_fraction,
            validation_fraction=self.validation_fraction,
        )
        dataset = prepare(
            table.numbers(self.missing),
            recipe,
            sizes,
            derive_seed("csv", seed),
            columns=table.names,
            who=f"table {str(self.path)!r}",
        )
        # A principal component is no column.
        return dataset if self.whiten else replace(dataset, columns=table.names)
