"""What the commands that train many objectives share: options, and who is asked for."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench import catalog
from ebmbench.cards import MethodCard
from ebmbench.errors import EbmbenchError

METHODS = click.option(
    "--methods", default="all", show_default=True, help="Names, globs, tags, paths; objectives."
)
JOBS = click.option("--jobs", type=int, help="Worker processes of one thread. [one per core]")
PACKED = click.option(
    "--packed",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Take up the records packed there, and pack all of OUT there at the end or when stopped.",
)


def objectives(methods: str) -> list[MethodCard]:
    """Return the cards of ``--methods`` that train by an objective.

    Raises:
        EbmbenchError: there is none among them.
    """
    cards = [card for card in catalog.select_methods(methods) if card.objective]
    if not cards:
        raise EbmbenchError(f"--methods is {methods!r}, and none of them has an objective")
    return cards


def at_least_one(seeds: int) -> None:
    """Refuse a number of seeds that is none.

    Raises:
        EbmbenchError: it is below 1.
    """
    if seeds < 1:
        raise EbmbenchError(f"--seeds is {seeds}, allowed: at least 1")
