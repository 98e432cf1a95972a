"""The console that verbs print to, and the report on it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ebmbench.plain import plain

if TYPE_CHECKING:
    from ebmbench.harness.progress import Reporter
    from ebmbench.records import Record

WIDTH = 80
"""Characters of a line where there is no terminal to ask: a log, a pipe."""


def make_console() -> Console:
    """Return a console as wide as the terminal, or :data:`WIDTH` where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def make_reporter(total: int, console: Console) -> Reporter:
    """Return what shows the progress of so many runs: a display in a terminal, else lines."""
    from ebmbench.harness.progress import Display, Lines

    return Display(total, console) if console.is_terminal else Lines(total, sys.stdout)


def write_and_show(
    records: Sequence[Record],
    out: Path,
    console: Console,
    figures: str = "png",
    *,
    raw: bool = False,
) -> None:
    """Write the tables and pictures of an output folder and print its leaderboard."""
    from ebmbench.report.tables.terminal import print_boards
    from ebmbench.report.write import read_boards, write_tables, written_words

    boards = read_boards(records, out)
    written = write_tables(records, out, figures, boards=boards)
    print_boards(boards, console, raw)
    console.print(written_words(written, out), soft_wrap=True, highlight=False)


def show_standing(out: Path, console: Console) -> None:
    """Print the leaderboard that an output folder has, and say that it was not made anew."""
    from ebmbench.report.write import LEADERBOARD

    text = plain((out / LEADERBOARD).read_text(encoding="utf-8"))
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    words = f"Newer than all records, so not made anew; `ebmbench report {out}` does that"
    console.print(words, soft_wrap=True, markup=False, highlight=False)
