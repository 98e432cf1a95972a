"""Text without the characters that steer a terminal or turn the order of a line around."""

from __future__ import annotations

import re
from typing import Any

STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters but for tabs and new lines, and marks that reorder what is shown."""
ESCAPED = re.compile(
    r"\\(?:[bfr]|u00(?:0[0-8bcefBCEF]|1|7[fF]|[89])|u20(?:0[efEF]|2[89a-eA-E]|6[6-9]))"
)
"""The same as JSON writes it."""
_HARMLESS = bytes(range(32, 127)) + b"\t\n"


def plain(text: str) -> str:
    r"""Return a text without the characters that steer a terminal.

    Example:
        >>> plain("red \x1b[31malert")
        'red [31malert'
    """
    return STEERING.sub("", text)


def may_steer(text: str) -> bool:
    """Return whether the strings of a JSON text may hold such a character, escaped or not."""
    # A backslash of a formula is written as two, and what follows is no escape.
    if "\\" in text and ESCAPED.search(text.replace("\\\\", "")):
        return True
    # Most texts hold nothing but these, which is asked ten times as fast.
    others = not text.isascii() or text.encode().translate(None, _HARMLESS)
    return bool(others) and STEERING.search(text) is not None


def cleaned(value: Any) -> Any:
    """Return a value out of JSON or TOML with every text in it :func:`plain`."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [cleaned(each) for each in value]
    if isinstance(value, dict):
        return {plain(key): cleaned(each) for key, each in value.items()}
    return value
