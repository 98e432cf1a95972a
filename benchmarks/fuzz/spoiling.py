"""Spoiling an input: its bytes, or the tables and lists that it is a text of."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

PIECES = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b[31m", b"\n", b"\r", b'"', b"'", b"[" * 2000,
    b"{" * 2000, b"NaN", b"Infinity", b"-1", b"1e999", b"9" * 400, b"../../x", b"os:system", b"=",
    b",", b";" * 50, "\u202e".encode(), "½".encode(), b"\\ud800", b"null", b"a" * 5000,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1 << 31, 1 << 70, -(10**400), 0.5, 1e308, float("nan"), float("inf"), "",
    "x", "a" * 5000, "../../x", "/etc/passwd", "os:system", "\x1b]0;x\x07", "\u202e", "\x00", "é",
    "NaN", [], {}, [[]], [1] * 300, ["x", 1, None], {"x": {"y": 1}}, "1", "dsm", "2d/rings",
)  # fmt: skip
"""Put in the place of what stood somewhere, or under a name that nobody knows."""


def spoil_bytes(content: bytes, random: Random) -> bytes:
    """Return a content with one to four edits."""
    for _ in range(random.randint(1, 4)):
        at = random.randint(0, len(content))
        to = min(len(content), at + random.choice((1, 2, 8, 64, 1024)))
        edit = random.randint(0, 5)
        if edit == 0:
            content = content[:at] + bytes([random.randint(0, 255)]) + content[at + 1 :]
        elif edit == 1:
            content = content[:at] + random.choice(PIECES) + content[at:]
        elif edit == 2:
            content = content[:at] + random.choice(PIECES) + content[to:]
        elif edit == 3:
            content = content[:at] + content[to:]
        elif edit == 4:
            content = content[:at] + content[at:to] * 3 + content[to:]
        else:
            content = content[:at]
    return content


def spoil_value(value: Any, random: Random) -> Any:
    """Return tables and lists with one to three edits somewhere in them."""
    value = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        places = list(_places(value))
        if not places:
            return random.choice(VALUES)
        holder, key = random.choice(places)
        edit = random.randint(0, 4)
        if edit <= 1:
            holder[key] = copy.deepcopy(random.choice(VALUES))
        elif edit == 2:
            del holder[key]
        elif edit == 3:
            _, other = random.choice(places)
            holder[key] = [holder[key]] if other == key else {str(other): holder[key]}
        elif isinstance(holder, dict):
            holder[random.choice(("x", "a" * 300, "", "\x1b", "../x"))] = holder.get(key)
        else:
            holder.append(holder[key])
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        each = waiting.pop()
        keys = list(each) if isinstance(each, dict) else range(len(each))
        for key in keys:
            found.append((each, key))
            if isinstance(each[key], dict | list):
                waiting.append(each[key])
    return found


def spoiler(
    contents: list[bytes],
    read: Callable[[bytes], Any] | None = None,
    write: Callable[[Any], bytes] | None = None,
) -> Callable[[Random], bytes]:
    """Return what makes a spoiled input of one of some valid ones.

    Arguments:
        contents: valid ones.
        read: into tables and lists; ``None``: only bytes are spoiled.
        write: back into bytes; what it cannot write is spoiled as bytes instead.
    """

    def make(random: Random) -> bytes:
        content = random.choice(contents)
        if read is not None and write is not None and random.randint(0, 2):
            try:
                return write(spoil_value(read(content), random))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                return spoil_bytes(content, random)
        return spoil_bytes(content, random)

    return make
