"""A table as a page shows it: what a cell says, sorts by, links to and is marked with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Sortable = float | str | None
GROUPS = ("oracle", "", "reference")
"""From the top of a table to its bottom."""


@dataclass(frozen=True)
class Entry:
    """One cell."""

    text: str
    value: Sortable = None
    """What sorting goes by; without one the cell comes last, in either direction."""
    link: str = ""
    """Of what stands behind the number, from the root of the site."""
    mark: str = ""
    """``best``, ``refused``, ``failed``, ``incomplete``, ``below`` or empty: how it looks."""
    note: str = ""
    """Shown beside the text: ``oracle``, ``reference``."""


@dataclass(frozen=True)
class Column:
    """One column."""

    title: str
    link: str = ""
    numeric: bool = True
    explained: str = ""
    """What the title means, in a tooltip."""
    minor: bool = False
    """Whether a narrow screen leaves the column out until it is asked for all."""


@dataclass(frozen=True)
class Line:
    """One row; the first entry is its header."""

    entries: Sequence[Entry]
    labels: Mapping[str, str] = field(default_factory=dict)
    """What filters go by: ``family``, ``preset``, ``certified``."""
    group: str = ""
    """``oracle``, ``reference`` or empty: groups stand apart and are sorted within themselves."""


@dataclass(frozen=True)
class PageTable:
    """One table."""

    name: str
    """Also the name of the CSV file."""
    caption: str
    columns: Sequence[Column]
    lines: Sequence[Line]
    pinned: Sequence[Line] = ()
    """Rows at the bottom that sorting leaves in place."""

    @property
    def groups(self) -> list[tuple[str, list[Line]]]:
        """The lines by group: oracle, the rest, references."""
        found = [(name, [x for x in self.lines if x.group == name]) for name in GROUPS]
        return [(name, lines) for name, lines in found if lines]

    @property
    def narrows(self) -> bool:
        """Whether a narrow screen leaves out columns."""
        return any(column.minor for column in self.columns)


def words(*texts: str) -> list[Entry]:
    """Return cells of plain text, which sort by it."""
    return [Entry(text, text) for text in texts]
