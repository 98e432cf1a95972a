"""Where pages lie, relative to the root of the site."""

from __future__ import annotations

import re
from functools import cache

from ebmbench.records import Record


@cache
def slug(name: str) -> str:
    """Return a name as a file name; what no card name has becomes a point, as the slash does.

    Example:
        >>> slug("2d/two-moons")
        '2d.two-moons'
    """
    return re.sub(r"[^A-Za-z0-9+-]", ".", name)


def task_link(task: str) -> str:
    """Return the page of a task."""
    return f"tasks/{slug(task)}.html"


def method_link(method: str) -> str:
    """Return the page of a method."""
    return f"methods/{slug(method)}.html"


def run_link(record: Record) -> str:
    """Return the page of a run."""
    return f"runs/{slug(record.task)}.{slug(record.method)}.{record.seed}.html"
