"""Whether anything else kept the cores busy while a run was timed."""

from __future__ import annotations

import time

import psutil

BUSY = 0.15
"""Cores' worth of other work above which a timing counts as contended."""


class OtherWork:
    """The processor time that others used since construction."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._all = _busy_seconds()
        self._own = time.process_time()

    def cores(self) -> float:
        """Return how many cores other processes kept busy, on average; 0 before any time passed.

        The kernel counts in hundredths of a second, so the number means little over less than a
        second.
        """
        wall = time.perf_counter() - self._wall
        others = (_busy_seconds() - self._all) - (time.process_time() - self._own)
        return max(others / wall, 0.0) if wall > 0 else 0.0


def _busy_seconds() -> float:
    """Return the processor time of the whole machine that was neither idle nor waiting."""
    times = psutil.cpu_times()._asdict()
    # Linux counts a guest's time in that of the user too.
    idle = ("idle", "iowait", "guest", "guest_nice")
    return float(sum(value for name, value in times.items() if name not in idle))
