"""A benchmark of training objectives for energy-based models.

The names below are the Python interface; see :mod:`ebmbench.api`. They, and :mod:`ebmbench.plot`,
are imported when they are first used, so that ``import ebmbench`` costs nothing.

Example:
    >>> import ebmbench
    >>> "2d/rings" in ebmbench.list_tasks()
    True
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ebmbench.api import (
        build_energy,
        evaluate,
        leaderboard,
        list_methods,
        list_tasks,
        load_data,
        method,
        results,
        run,
        task,
        train,
        wrap,
    )

__version__ = "0.2.0.dev0"
__all__ = [
    "build_energy",
    "evaluate",
    "leaderboard",
    "list_methods",
    "list_tasks",
    "load_data",
    "method",
    "results",
    "run",
    "task",
    "train",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name == "plot":
        return importlib.import_module("ebmbench.plot")
    if name not in __all__:
        raise AttributeError(f"module 'ebmbench' has no attribute {name!r}")
    from ebmbench import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "plot"])
