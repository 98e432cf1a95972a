"""Where pages lie, relative to the root of the site."""

from __future__ import annotations

import hashlib
import re
from functools import cache

from ebmbench.records import Record

LONGEST = 100
"""Characters of a slug."""


@cache
def slug(name: str) -> str:
    """Return a name as a file name; what no card name has becomes a point, as the slash does.

    Example:
        >>> slug("2d/two-moons")
        '2d.two-moons'
    """
    text = re.sub(r"[^A-Za-z0-9+-]", ".", name)
    # A page is named after a task and a method, and a file name has at most 255 characters.
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 13]}.{hashlib.sha256(name.encode()).hexdigest()[:12]}"
    return text


def task_link(task: str) -> str:
    """Return the page of a task."""
    return f"tasks/{slug(task)}.html"


def method_link(method: str) -> str:
    """Return the page of a method."""
    return f"methods/{slug(method)}.html"


def run_link(record: Record) -> str:
    """Return the page of a run."""
    return f"runs/{slug(record.task)}.{slug(record.method)}.{record.seed}.html"
