"""Tasks and methods by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from ebmbench import catalog
from ebmbench.api.arguments import as_words, refuse_kind
from ebmbench.cards import Card, MethodCard, TaskCard
from ebmbench.errors import EbmbenchError

C = TypeVar("C", bound=Card)


def list_tasks(request: str | Iterable[str] = "all") -> list[str]:
    """Return the names of tasks: all, or those that names, globs or ``tag:…`` select."""
    return [card.name for card in catalog.select_tasks(as_words("tasks", request))]


def list_methods(request: str | Iterable[str] = "all") -> list[str]:
    """Return the names of methods; see :func:`list_tasks`."""
    return [card.name for card in catalog.select_methods(as_words("methods", request))]


def task(name: str | Path | TaskCard) -> TaskCard:
    """Return a task card by its name or by the path of a TOML file.

    Raises:
        EbmbenchError: there is no such task, or more than one.
    """
    if isinstance(name, TaskCard):
        return name
    refuse_kind("task", name, (str, Path), "the name of a task, the path of its card, or a card")
    return _only(catalog.select_tasks(str(name)), "task", name)


def method(name: str | Path | MethodCard) -> MethodCard:
    """Return a method card by its name or by the path of a TOML file; see :func:`task`."""
    if isinstance(name, MethodCard):
        return name
    refuse_kind("method", name, (str, Path), "the name of a method, or the path of its card")
    return _only(catalog.select_methods(str(name)), "method", name)


def _only(cards: list[C], kind: str, name: str | Path) -> C:
    if len(cards) != 1:
        raise EbmbenchError(f"{str(name)!r} names {len(cards)} {kind}s, allowed: one")
    return cards[0]
