"""The command line, one module per verb; a verb imports what it needs when it is called."""

from __future__ import annotations

import sys

import click

from ebmbench import __version__
from ebmbench.cli.ends import listen_to_signals, say, show_any_text
from ebmbench.cli.verbs import Verbs

VERBS = {
    "list": "List tasks, methods or metrics.",
    "run": "Train and evaluate methods on tasks.",
    "report": "Show the leaderboard of an output folder; write its tables, pictures and site.",
    "score": "Compute the metrics of stored weights: of an output folder, or of your own model.",
    "compare": "Say what got better or worse between two output folders.",
    "merge": "Make several output folders one, or say why they do not belong together.",
    "check": "Check that an output folder is whole, or that a card keeps its contract.",
    "publish": "Make results fit for a repository: packed records, tables, metadata; or unpack.",
    "tune": "Search for the settings of methods, with equal trials for all.",
    "new": "Write the beginning of a method, task, table, metric or energy.",
    "cite": "Print BibTeX of the tasks and methods that were used.",
    "study": "Evidence about the suite: connections, gradients, reproductions, validation.",
    "data": "List, fetch and verify data files.",
}
MOVED = {name: f"study {name}" for name in ("connections", "gradients", "reproduce")}
"""Verbs that were commands of their own before 0.2."""
MEANT = {
    "board": "report", "evaluate": "score", "init": "new", "leaderboard": "report",
    "plot": "report", "show": "report", "table": "report", "train": "run", "verify": "check",
}  # fmt: skip
"""Words that others use, and the verbs that do it here."""


@click.group(
    cls=Verbs,
    verbs=VERBS,
    module="ebmbench.cli.{}_verb",
    moved=MOVED,
    meant=MEANT,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="ebmbench")
def app() -> None:
    """Compare training objectives for energy-based models: quality and cost on equal terms."""


def main() -> None:
    """Run the command line; what stops it is said in one sentence."""
    show_any_text()
    listen_to_signals()
    try:
        status = app(standalone_mode=False)
    except BaseException as error:
        sys.exit(say(error))
    sys.exit(status if isinstance(status, int) else 0)
