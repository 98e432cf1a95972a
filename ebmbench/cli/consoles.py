"""The console that verbs print tables to."""

from __future__ import annotations

from rich.console import Console

WIDTH = 120
"""Characters of a line where there is no terminal to ask: a log, a pipe."""


def make_console() -> Console:
    """Return a console as wide as the terminal, or :data:`WIDTH` where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)
