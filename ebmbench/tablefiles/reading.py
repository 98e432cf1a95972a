"""Reading a table from a file, and what stands in the way of taking its cells for numbers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ebmbench.errors import EbmbenchError, cut, did_you_mean, first_line
from ebmbench.tablefiles.dialect import MISSING, SEPARATORS, Dialect

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Missing = Literal["refuse", "drop_rows"]


@dataclass(frozen=True)
class Column:
    """One column as numbers, and where it is none."""

    name: str
    values: Array
    """``(n,)``, NaN where a cell holds nothing or text."""
    text: NDArray[np.bool_]
    """Cells that hold something else than a number."""
    words: Sequence[object] = ()
    """The cells as they were read, of a column that is not all numbers."""


@dataclass(frozen=True)
class TableFile:
    """What a file holds, column by column."""

    path: Path
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns: of the header, or their numbers from 1."""
        return tuple(column.name for column in self.columns)

    def select(self, keep: Sequence[str | int], drop: Sequence[str | int]) -> TableFile:
        """Return the table with some of its columns, in the order of the file.

        Arguments:
            keep: names, or numbers from 1; empty: all.
            drop: those left out of them.

        Raises:
            EbmbenchError: there is no such column, or none is left.
        """
        kept = {self._place(each) for each in keep} or set(range(len(self.columns)))
        kept -= {self._place(each) for each in drop}
        if not kept:
            raise EbmbenchError(f"table {str(self.path)!r}: no column is left, allowed: 1 or more")
        return TableFile(self.path, tuple(self.columns[k] for k in sorted(kept)))

    def numbers(self, missing: Missing = "refuse") -> Array:
        """Return the cells, ``(n, d)``.

        Arguments:
            missing: what an empty cell comes to.

        Raises:
            EbmbenchError: a cell holds text, is not finite, or is empty and that is refused.
        """
        for column in self.columns:
            if column.text.any():
                row = int(column.text.argmax())
                raise self._refused(row, column, repr(cut(str(column.words[row]))), "drop")
            infinite = np.isinf(column.values)
            if infinite.any():
                row = int(infinite.argmax())
                raise self._refused(row, column, str(column.values[row]), "drop")
        table = np.stack([column.values for column in self.columns], 1)
        empty = np.isnan(table)
        if missing == "drop_rows":
            table = table[~empty.any(1)]
        elif empty.any():
            row, place = (int(k) for k in np.argwhere(empty)[0])
            way_out = 'missing = "drop_rows" or drop'
            raise self._refused(row, self.columns[place], "nothing", way_out)
        if not len(table):
            raise EbmbenchError(f"table {str(self.path)!r} has no row, allowed: 1 or more")
        return table

    def _refused(self, row: int, column: Column, found: str, way_out: str) -> EbmbenchError:
        return EbmbenchError(
            f"table {str(self.path)!r}: data row {row + 1} holds {found} in column "
            f"{cut(column.name)!r}, allowed: finite numbers; change the cell, or leave it out by "
            f"{way_out} in [data] options"
        )

    def _place(self, which: str | int) -> int:
        if isinstance(which, int):
            if 1 <= which <= len(self.columns):
                return which - 1
            raise EbmbenchError(
                f"table {str(self.path)!r} has no column {which}, allowed: 1 to "
                f"{len(self.columns)}"
            )
        if which not in self.names:
            hint = did_you_mean(which, self.names)
            raise EbmbenchError(f"table {str(self.path)!r} has no column {which!r}{hint}")
        return self.names.index(which)


def read_table_file(path: Path, dialect: Dialect, array: str | None = None) -> TableFile:
    """Read a table; what kind of file it is, its suffix says.

    Arguments:
        path: of a name that ends as :data:`~ebmbench.tablefiles.dialect.SUFFIXES` says; any
            other is read as text.
        dialect: of text.
        array: which one of an ``.npz`` file; ``None``: the only one.

    Raises:
        EbmbenchError: the file cannot be read, or holds no table.
    """
    try:
        if path.suffix in (".npy", ".npz"):
            return _of_array(path, _read_array(path, array))
        frame = _read_parquet(path) if path.suffix == ".parquet" else _read_text(path, dialect)
    except OSError as error:
        raise EbmbenchError(
            f"table {str(path)!r} cannot be read: {error.strerror or first_line(error)}"
        ) from None
    names = [
        str(name) if dialect.header and not str(name).startswith("Unnamed: ") else str(k)
        for k, name in enumerate(frame.columns, 1)
    ]
    columns = [_column(name, frame.iloc[:, k], dialect.decimal) for k, name in enumerate(names)]
    return TableFile(path, tuple(columns))


def _read_text(path: Path, dialect: Dialect) -> pd.DataFrame:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # A first row that is longer than the header is a warning, any later one an error.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                path,
                sep=dialect.separator,
                decimal=dialect.decimal,
                header=0 if dialect.header else None,
                encoding=dialect.encoding,
                na_values=list(MISSING),
                keep_default_na=False,
                skipinitialspace=True,
                index_col=False,
                low_memory=False,
            )
    except UnicodeError:
        raise EbmbenchError(
            f"table {str(path)!r} is no text in {dialect.encoding}; encoding in [data] options "
            "says in which"
        ) from None
    except LookupError:
        raise EbmbenchError(
            f"table {str(path)!r}: encoding is {dialect.encoding!r}, allowed: one that Python has"
        ) from None
    except (pd.errors.ParserWarning, ValueError) as error:
        words = first_line(error).removeprefix("Error tokenizing data. C error: ")
        if isinstance(error, pd.errors.ParserWarning):
            words = "the first row has more cells than the header"
        named = SEPARATORS.get(dialect.separator, repr(dialect.separator))
        raise EbmbenchError(
            f"table {str(path)!r} is no table of cells between which there is a {named}: "
            f"{words.strip()}"
        ) from None


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except ImportError:
        raise EbmbenchError(
            f"table {str(path)!r} needs pyarrow: `pip install 'ebmbench[publish]'`"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        # What pandas says of the index stands in the file as text, and may say anything.
        words = first_line(error)
        raise EbmbenchError(f"table {str(path)!r} is no Parquet file: {words}") from None


def _read_array(path: Path, name: str | None) -> NDArray[Any]:
    try:
        # Opened here, since NumPy leaves a damaged archive open. Nothing is unpickled: a table of
        # numbers needs no code.
        with path.open("rb") as file:
            return _chosen(path, np.load(file, allow_pickle=False), name)
    except (EbmbenchError, OSError):
        raise
    except Exception as error:
        # Of a damaged file NumPy raises what its parser, zlib or the archive does.
        raise EbmbenchError(
            f"table {str(path)!r} is no NumPy file of numbers: {first_line(error)}"
        ) from None


def _chosen(path: Path, found: Any, name: str | None) -> NDArray[Any]:
    if isinstance(found, np.ndarray):
        return found
    with found:
        chosen = found.files[0] if name is None and len(found.files) == 1 else name
        if chosen not in found.files:
            raise EbmbenchError(
                f"table {str(path)!r} holds {len(found.files)} arrays and array is {name!r}"
                f"{did_you_mean(str(name), found.files)}"
            )
        return np.asarray(found[chosen])


def _of_array(path: Path, found: NDArray[Any]) -> TableFile:
    if found.ndim != 2 or found.dtype.kind not in "iuf":
        raise EbmbenchError(
            f"table {str(path)!r} holds {found.dtype} of shape {found.shape}, allowed: numbers of "
            "shape (rows, columns)"
        )
    values = found.astype(np.float64)
    no_text = np.zeros(len(values), dtype=bool)
    columns = [Column(str(k), column, no_text) for k, column in enumerate(values.T, 1)]
    return TableFile(path, tuple(columns))


def _column(name: str, cells: pd.Series[Any], decimal: str) -> Column:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
        values = cells.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        return Column(name, values, np.zeros(len(values), dtype=bool))
    texts = cells.astype(str).str.strip()
    texts = texts if decimal == "." else texts.str.replace(decimal, ".", regex=False)
    values = np.array(pd.to_numeric(texts, errors="coerce"), dtype=np.float64)
    empty = cells.isna().to_numpy()
    values[empty] = np.nan
    return Column(name, values, np.isnan(values) & ~empty, cells.tolist())
