"""Sentences that differ in their numbers alone, as one sentence with ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def join_ranges(texts: Sequence[str]) -> str:
    """Return texts that differ in their numbers alone as one, with the range of each number.

    Example:
        >>> join_ranges(["errors are 6.1 nats, more than 5", "errors are 9.3 nats, more than 5"])
        'errors are 6.1 to 9.3 nats, more than 5'
        >>> join_ranges(["the gap is -913.5 nats", "the gap is 40.1 nats"])
        'the gap is -913.5 to 40.1 nats'
    """
    slots = list(zip(*(NUMBER.findall(text) for text in texts), strict=True))
    filled = iter([_range(slot) for slot in slots])
    return NUMBER.sub(lambda _: next(filled), texts[0])


def span(values: Sequence[float]) -> str:
    """Return the range of numbers, each in two significant digits, or the one that all are.

    Example:
        >>> span([0.123, 4.56]), span([0.5, 0.5]), span([1228.0])
        ('0.12 to 4.6', '0.5', '1228')
    """
    return _range([_short(value) for value in values])


def _short(value: float) -> str:
    """Return a number to two significant digits, and whole above a hundred."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2g}"


def _range(texts: Sequence[str]) -> str:
    """Return ``low to high`` of numbers in words; the word itself where all are the same."""
    low, high = min(texts, key=float), max(texts, key=float)
    return low if float(low) == float(high) else f"{low} to {high}"
