"""Tables as parquet, from the text of their CSV, so that both say the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from ebmbench.errors import EbmbenchError

Kind = Literal["text", "integer", "number", "truth"]

RESULTS: dict[str, Kind] = {
    "task": "text",
    "task_version": "integer",
    "method": "text",
    "method_version": "integer",
    "seed": "integer",
    "preset": "text",
    "status": "text",
    "metric": "text",
    "value": "number",
    "stderr": "number",
    "lower": "number",
    "upper": "number",
    "certified": "truth",
    "unit": "text",
    "higher_is_better": "truth",
    "contended": "truth",
    "run_id": "text",
}
"""Of the columns of ``results.csv``; a run id of digits alone is no number."""

_READ: dict[Kind, Callable[[str], Any]] = {
    "text": str,
    "integer": int,
    "number": float,
    "truth": {"True": True, "False": False}.__getitem__,
}


def columns_of(text: str) -> dict[str, list[str]]:
    """Return the cells of a CSV text by column, in order."""
    header, *rows = csv.reader(io.StringIO(text))
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}


def kind_of(cells: Sequence[str]) -> Kind:
    """Return the narrowest kind that takes every cell; empty cells are missing values.

    Example:
        >>> kind_of(["1", ""]), kind_of(["1", "-inf"]), kind_of(["True"]), kind_of(["1", "x"])
        ('integer', 'number', 'truth', 'text')
    """
    filled = [cell for cell in cells if cell]
    kinds: tuple[Kind, ...] = ("truth", "integer", "number")
    return next((kind for kind in kinds if filled and _all_read(kind, filled)), "text")


def kinds_of(text: str, known: Mapping[str, Kind] = RESULTS) -> dict[str, Kind]:
    """Return the kind of every column of a CSV text: as known by its name, or as its cells are."""
    return {name: known.get(name) or kind_of(cells) for name, cells in columns_of(text).items()}


def to_parquet(text: str) -> bytes:
    """Return a CSV table as parquet; the same text and version of pyarrow give the same bytes.

    Raises:
        EbmbenchError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise EbmbenchError(
            "publishing writes parquet, which needs pyarrow; install it with "
            "pip install 'ebmbench[publish]'"
        ) from None
    types = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "truth": pyarrow.bool_(),
    }
    kinds = kinds_of(text)
    arrays = {
        name: pyarrow.array(
            [_READ[kinds[name]](cell) if cell else None for cell in cells], types[kinds[name]]
        )
        for name, cells in columns_of(text).items()
    }
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays), buffer, compression="zstd")
    return buffer.getvalue()


def _all_read(kind: Kind, cells: Sequence[str]) -> bool:
    try:
        for cell in cells:
            _READ[kind](cell)
    except (KeyError, ValueError):
        return False
    return True
