"""How a table is written as text: separator, decimal mark, header and encoding, found from it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ebmbench.errors import EbmbenchError

TEXT = (".csv", ".tsv")
SUFFIXES = (*TEXT, ".parquet", ".npy", ".npz")
"""Of the names of tables."""
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", r"\s+": "white space"}
"""Those that are tried, and what they are called."""
DECIMALS = (".", ",")
MISSING = ("", "NA", "N/A", "n/a", "nan", "NaN", "NAN", "NULL", "null", "None", "?", "-")
"""Cells that hold nothing."""
LOOKED_AT = 200
"""Lines from which the dialect is found."""
PER_LINE = 1 << 16
"""Characters of a line that are looked at."""


@dataclass(frozen=True)
class Dialect:
    """How a table is written as text."""

    separator: str = ","
    decimal: str = "."
    header: bool = True
    encoding: str = "utf-8-sig"
    """UTF-8, with a byte order mark or without."""


def find_dialect(path: Path) -> Dialect:
    """Return the dialect in which most cells of the first lines are numbers.

    Raises:
        EbmbenchError: the file cannot be read, or holds no line.
    """
    encoding, lines = _first_lines(path)
    if not lines:
        raise EbmbenchError(f"table {str(path)!r} is empty, allowed: a line per row")
    choices = [(separator, decimal) for separator in SEPARATORS for decimal in DECIMALS]
    separator, decimal = max(choices, key=lambda choice: _numbers_found(lines, *choice))
    header = not any(is_number(cell, decimal) for cell in _cells(lines[0], separator))
    return Dialect(separator, decimal, header, encoding)


def is_number(cell: str, decimal: str) -> bool:
    """Return whether a cell is a number with this decimal mark."""
    if decimal != ".":
        if "." in cell:
            return False
        cell = cell.replace(decimal, ".")
    try:
        float(cell.strip())
    except ValueError:
        return False
    return "_" not in cell


def _first_lines(path: Path) -> tuple[str, list[str]]:
    """Return the encoding and the first lines that are not blank."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        # UTF-16 begins with a mark; what is not UTF-8 is taken for the western one-byte set.
        marked = start[:2] in (b"\xff\xfe", b"\xfe\xff")
        for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
            lines: list[str] = []
            try:
                with path.open(encoding=encoding, newline=None) as text:
                    while len(lines) < LOOKED_AT and (line := text.readline(PER_LINE)):
                        lines += [line.rstrip("\n")] if line.strip() else []
            except UnicodeError:
                continue
            return encoding, lines
    except OSError as error:
        raise EbmbenchError(f"table {str(path)!r} cannot be read: {error.strerror}") from None
    raise EbmbenchError(f"table {str(path)!r} is no text in a known encoding, allowed: UTF-8")


def _cells(line: str, separator: str) -> list[str]:
    if separator == r"\s+":
        return line.split()
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error:
        return [line]


def _numbers_found(lines: list[str], separator: str, decimal: str) -> float:
    """Return numbers per line times their share of the cells; zero for lines that differ.

    The first line may be a header and does not count where there are others.
    """
    rows = [_cells(line, separator) for line in lines]
    body = rows[1:] or rows
    widths = [len(row) for row in body]
    if widths.count(widths[-1]) < 0.9 * len(body):
        return 0.0
    cells = [cell for row in body for cell in row]
    numbers = sum(is_number(cell, decimal) for cell in cells)
    filled = sum(cell.strip() not in MISSING for cell in cells)
    return numbers * numbers / (len(body) * filled) if filled else 0.0
