"""Tables as text: Markdown for readers, CSV for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table: words in the first column, numbers in the others."""
    ruler = ["---", *["---:"] * (len(columns) - 1)]
    return [_line(columns), _line(ruler), *map(_line, rows)]


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the content of a file, numbers with twelve significant digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_number(cell) for cell in row] for row in rows)
    return text.getvalue()


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _number(cell: object) -> object:
    """Twelve significant digits: what is beyond may differ between machines."""
    return f"{cell:.12g}" if isinstance(cell, float) else cell
