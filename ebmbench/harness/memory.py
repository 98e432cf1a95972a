"""Peak memory of training: of the tensor allocator, and of the process.

The allocator's peak comes from the profiler's memory events over an extra step that is not
timed; it is exact and the same on every machine. The peak of the process is the high-water mark
of resident memory, reset after everything lazy has run once, above what was resident then.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

# Not `torch.profiler`, whose start imports the compiler: a second and 75 MB in every process.
from torch.autograd.profiler import profile

MEMORY = "[memory]"
"""What the profiler calls the events of the allocator."""
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def allocator_peak(step: Callable[[], None], device: str) -> int:
    """Return the peak of allocated bytes during ``step``, above the state before it.

    Arguments:
        step: what to measure; everything lazy in it should have run before.
        device: ``cpu`` or ``cuda``.
    """
    if device != "cpu":
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    with _silenced(), profile(profile_memory=True) as recorded:
        step()
    peak = allocated = 0
    for _, change in sorted(_memory_events(recorded)):
        allocated += change
        peak = max(peak, allocated)
    return peak


def _memory_events(recorded: profile) -> list[tuple[float, int]]:
    """Return when memory was taken or given back, and how many bytes (negative: given back).

    The profiler's own list is not part of torch's interface. Where a release no longer has it, the
    trace that the profiler exports says the same, by way of a file that can be large.
    """
    results: Any = recorded.kineto_results
    try:
        events = [event for event in results.events() if event.name() == MEMORY]
        return [(event.start_ns(), event.nbytes()) for event in events]
    except AttributeError:
        return _exported_memory_events(recorded)


def _exported_memory_events(recorded: profile) -> list[tuple[float, int]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        recorded.export_chrome_trace(str(path))  # type: ignore[no-untyped-call]
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    return [(e["ts"], e["args"]["Bytes"]) for e in events if e.get("name") == MEMORY]


@contextmanager
def _silenced() -> Iterator[None]:
    """Drop what the profiler's library writes to the standard error stream of the process."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class ProcessPeak:
    """The high-water mark of resident memory since construction, where Linux tells it."""

    def __init__(self) -> None:
        self._baseline: int | None = None
        try:
            _CLEAR.write_text("5")
            self._baseline = _status_bytes("VmRSS")
        except OSError:
            # Not Linux, or a container that forbids it: the record leaves the number out.
            return

    def bytes(self) -> int | None:
        """Return the mark above the baseline, or ``None`` where it is not known."""
        if self._baseline is None:
            return None
        return max(_status_bytes("VmHWM") - self._baseline, 0)


def _status_bytes(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} has no {key}")
