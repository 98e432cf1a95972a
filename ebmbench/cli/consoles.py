"""The console that verbs print to, and the report on it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

WIDTH = 120
"""Characters of a line where there is no terminal to ask: a log, a pipe."""


def make_console() -> Console:
    """Return a console as wide as the terminal, or :data:`WIDTH` where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def write_and_show(out: Path, console: Console, figures: str = "png") -> None:
    """Write the tables and pictures of an output folder and print its leaderboard."""
    from ebmbench.report.terminal import print_leaderboard
    from ebmbench.report.write import write_tables, written_words

    written = write_tables(out, figures)
    print_leaderboard(out, console)
    console.print(written_words(written, out), soft_wrap=True, highlight=False)
