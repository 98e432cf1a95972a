"""A process whose parent is gone ends: nobody waits for what it would find."""

from __future__ import annotations

import os
import time

WAIT = 0.2
"""Seconds between two looks."""


def end_without(parent: int) -> None:
    """End this process, at once, when its parent is no longer the one of that number."""
    while os.getppid() == parent:
        time.sleep(WAIT)
    os._exit(1)
