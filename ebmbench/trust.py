"""The trust boundary: what comes out of an output folder or a published pack is data.

Such a folder may be a stranger's. Nothing in it is run, followed out of it, or shown as anything
but text:

- a class is imported for a card that was given by path or is installed, never for one in a record,
  unless such a card names the same classes (:func:`may_name`, :mod:`ebmbench.registry`);
- names are checked when they are read, before any of them becomes a path
  (:mod:`ebmbench.cards`, :mod:`ebmbench.records`);
- a folder with a link, a pipe or a device in it is refused (:func:`refuse_links`);
- characters that steer a terminal or turn the order of a line around are taken out of every text
  that is read (:mod:`ebmbench.plain`).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ebmbench.cards import Card, MethodCard, TaskCard
from ebmbench.errors import EbmbenchError
from ebmbench.registry import is_long


def naming(card: Card) -> list[object]:
    """Return the parts of a card that may name a class."""
    if isinstance(card, TaskCard):
        data, energy = card.data, card.energy
        return [data.loader, data.options, energy.kind, energy.options, card.metrics.names]
    if isinstance(card, MethodCard):
        return [card.objective, card.estimator, card.hyperparameters]
    raise TypeError(f"{type(card).__name__} is neither a task's card nor a method's")


def words_in(value: object) -> Iterator[str]:
    """Yield every text in lists and tables of any depth, without the keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from words_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from words_in(each)


def may_name(card: Card, given: Card) -> bool:
    """Return whether a card out of a record names no class but those of a card that is trusted."""
    found = {word for word in words_in(naming(card)) if is_long(word)}
    return found <= set(words_in(naming(given)))


def refuse_links(folder: Path) -> None:
    """Refuse a folder that holds anything but files and folders; it may be a link itself.

    Raises:
        EbmbenchError: below it lies a symbolic link, a pipe, a socket or a device.
    """
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif not entry.is_file(follow_symlinks=False):
                        raise EbmbenchError(
                            f"folder {str(folder)!r} holds {_kind(entry)} at "
                            f"{os.path.relpath(entry.path, folder)!r}, allowed: files and folders"
                        )
        except FileNotFoundError:
            # Another run takes its temporary files and folders away while this one looks.
            continue


def _kind(entry: os.DirEntry[str]) -> str:
    mode = entry.stat(follow_symlinks=False).st_mode
    return "a symbolic link" if stat.S_ISLNK(mode) else "what is no file"
