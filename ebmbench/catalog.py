"""Finding cards: shipped ones, those of installed packages, and those given by path.

Names on the command line take commas, globs and tags: ``2d/*,tag:known-density,./mine.toml``. A
table is a task too (``my.csv``): it gets a card from its rows and columns.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from ebmbench.cardfiles import Kind, card_files, read_toml, shipped
from ebmbench.cards import Card, MethodCard, TaskCard, card_by_path, read_card
from ebmbench.errors import EbmbenchError, cut, did_you_mean
from ebmbench.tablefiles.dialect import SUFFIXES

C = TypeVar("C", bound=Card)


def _load_all(cls: type[C], kind: Kind) -> Mapping[str, C]:
    cards: dict[str, C] = {}
    for name, path in card_files(kind):
        ours = path.is_relative_to(shipped(kind))
        card = read_card(cls, path) if ours else card_by_path(cls, path)
        if card.name in cards:
            raise EbmbenchError(f"{path}: the name {card.name!r} is taken by another card")
        if card.name != name:
            raise EbmbenchError(f"{path}: the name {card.name!r} is not the path of the file")
        cards[card.name] = card
    return cards


@cache
def tasks() -> Mapping[str, TaskCard]:
    """Return every task card by name; see :func:`~ebmbench.cardfiles.card_files`."""
    return _load_all(TaskCard, "tasks")


@cache
def methods() -> Mapping[str, MethodCard]:
    """Return every method card by name."""
    return _load_all(MethodCard, "methods")


def select_tasks(request: str | Iterable[str]) -> list[TaskCard]:
    """Return the task cards that ``request`` names, each once, in the order of the request.

    Arguments:
        request: names, globs, ``tag:…``, ``all`` or paths of cards or tables, separated by commas.

    Raises:
        EbmbenchError: a name that matches nothing, or two cards of one name.
    """
    return _select(request, tasks, TaskCard, "task")


def select_methods(request: str | Iterable[str]) -> list[MethodCard]:
    """Return the method cards that ``request`` names; see :func:`select_tasks`."""
    return _select(request, methods, MethodCard, "method")


def card_of_either_kind(path: str) -> Card:
    """Return a card by its path: a method's where it names an objective or an estimator.

    Raises:
        EbmbenchError: it is no card.
    """
    if path.endswith(".toml"):
        words = read_toml(Path(path))
        if "objective" in words or "estimator" in words:
            return card_by_path(MethodCard, Path(path))
    (card,) = select_tasks([path])
    return card


def _select(
    request: str | Iterable[str],
    known: Callable[[], Mapping[str, C]],
    cls: type[C],
    kind: str,
) -> list[C]:
    words = request.split(",") if isinstance(request, str) else list(request)
    found: dict[str, C] = {}
    for word in words:
        for card in _match(word.strip(), known, cls, kind):
            other = found.setdefault(card.name, card)
            if other.model_dump() != card.model_dump() or other.folder != card.folder:
                raise EbmbenchError(
                    f"{word.strip()!r} gives a {kind} {card.name!r}, and another one has that "
                    "name; allowed: one of them at a time, or other names"
                )
    return list(found.values())


def _match(word: str, known: Callable[[], Mapping[str, C]], cls: type[C], kind: str) -> list[C]:
    if not word:
        raise EbmbenchError(f"an empty {kind} name was given; 'all' takes every {kind}")
    if word.endswith(".toml"):
        return [card_by_path(cls, Path(word))]
    if cls is TaskCard and word.endswith(SUFFIXES):
        from ebmbench.tablefiles.card import table_card

        return [cast(C, table_card(Path(word)))]
    cards = known()
    if word == "all":
        return list(cards.values())
    if word.startswith("tag:"):
        tag = word.removeprefix("tag:")
        found = [card for card in cards.values() if tag in card.tags or tag == card.family]
        if not found:
            tags = {tag for card in cards.values() for tag in [*card.tags, card.family]}
            raise EbmbenchError(f"no {kind} has the tag {cut(tag)!r}{did_you_mean(tag, tags)}")
        return found
    if any(character in word for character in "*?["):
        found = [card for name, card in cards.items() if fnmatch.fnmatchcase(name, word)]
        if not found:
            raise EbmbenchError(f"no {kind} matches {cut(word)!r}{did_you_mean(word, cards)}")
        return found
    if word not in cards:
        raise EbmbenchError(f"unknown {kind} {cut(word)!r}{did_you_mean(word, cards)}")
    return [cards[word]]
