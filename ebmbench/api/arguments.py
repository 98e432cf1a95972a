"""What stands between a wrong argument and a traceback from deep below."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ebmbench.errors import EbmbenchError, cut, did_you_mean


def refuse_choice(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Check that an argument is one of a few words.

    Raises:
        EbmbenchError: it is not.
    """
    words = tuple(allowed)
    if value not in words:
        hint = did_you_mean(value, words) if isinstance(value, str) else f"; allowed: {words}"
        raise EbmbenchError(f"{name} is {shown(value)}{hint}")


def refuse_kind(name: str, value: Any, kinds: type | tuple[type, ...], words: str) -> None:
    """Check of what type an argument is; ``words`` say what is allowed.

    Raises:
        EbmbenchError: it is of another one.
    """
    if not isinstance(value, kinds):
        raise EbmbenchError(f"{name} is {shown(value)}, allowed: {words}")


def refuse_count(name: str, value: Any, least: int) -> None:
    """Check that an argument is a whole number and large enough; ``None`` means the default.

    Raises:
        EbmbenchError: it is not.
    """
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise EbmbenchError(f"{name} is {shown(value)}, allowed: a whole number, at least {least}")


def as_path(name: str, value: Any) -> Path:
    """Return an argument as a path.

    Raises:
        EbmbenchError: it is none.
    """
    refuse_kind(name, value, (str, Path), "a path")
    return Path(value)


def as_words(name: str, value: Any) -> str | list[str]:
    """Return a request for cards: a text, or several, of which a path may be one.

    Raises:
        EbmbenchError: it is none.
    """
    if isinstance(value, str):
        return value
    words = [value] if isinstance(value, Path) else value
    if not isinstance(words, Iterable):
        raise EbmbenchError(f"{name} is {shown(value)}, allowed: names, globs, tag:…, or paths")
    found = []
    for word in words:
        refuse_kind(f"a part of {name}", word, (str, Path), "a name, a glob, tag:…, or a path")
        found.append(str(word))
    return found


def shown(value: Any) -> str:
    """Return a value for a sentence: short ones as they are, others by their type."""
    if value is None or isinstance(value, str | int | float | Path):
        return cut(repr(str(value) if isinstance(value, Path) else value))
    return f"a {type(value).__name__}"
