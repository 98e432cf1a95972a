"""Cards that the user gives beside a folder of records, so that their classes may be imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ebmbench import catalog
from ebmbench.cards import Card

if TYPE_CHECKING:
    from ebmbench.records import Record

CARDS = click.option(
    "--cards",
    metavar="PATHS",
    help="Cards of your own, with commas, whose classes and files the records may name.",
)


def vouched_records(out: Path, cards: str | None) -> list[Record]:
    """Return the records of a folder; those of cards that were given or are installed say so.

    Arguments:
        out: the folder.
        cards: of the option.

    Raises:
        EbmbenchError: a record or a card is not valid.
    """
    from ebmbench.harness.job import placed
    from ebmbench.records import read_records

    given: list[Card] = []
    for word in filter(None, (cards or "").split(",")):
        given.append(catalog.card_of_either_kind(word.strip()))
    installed = [*catalog.tasks().values(), *catalog.methods().values()]
    return placed(read_records(out), [card for card in installed if card.folder] + given)
