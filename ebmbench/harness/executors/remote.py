"""What a worker of a dask cluster does: one job, in a process of its own."""

from __future__ import annotations

import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ebmbench.errors import RunStopped
from ebmbench.harness.checkpoint import drop_checkpoint
from ebmbench.harness.executors.child import belong, death_record, start
from ebmbench.harness.job import Job
from ebmbench.harness.provenance import code_hash
from ebmbench.harness.record import failed_record
from ebmbench.harness.run import run_job
from ebmbench.records import Record, Status, files_beside, read_record

WAIT = 0.2
"""Seconds between two looks at whether the run has ended and is still wanted."""


@dataclass(frozen=True)
class Shipment:
    """What comes back from a worker."""

    record: Record
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What lies beside it, by file name."""
    over: bool = True
    """Whether the run is, and did not just lose its process: what is kept of it can go."""


@dataclass(frozen=True)
class Home:
    """Where the state of a run is kept while a worker is at it."""

    out: Path
    """The output folder as the client sees it."""
    sign: Path
    """A file in it; a worker that sees it has the same disk."""
    code: str = field(default_factory=code_hash)
    """Of the client, which a worker must have too."""

    def here(self) -> tuple[Path, bool]:
        """Return the folder on this machine, and whether it is the client's."""
        if self.sign.is_file():
            return self.out, True
        return Path.home() / ".cache" / "ebmbench", False


def run_here(job: Job, timeout: float | None, home: Home) -> Shipment:
    """Run one job in a process of its own on this machine; what a dask worker calls.

    The state of its training is kept on the disk of the output folder where the worker sees it,
    so that any worker can go on from it, and else in the worker's own cache.

    Raises:
        RunStopped: this worker has another version of the package.
    """
    if code_hash() != home.code:
        raise RunStopped(
            f"a dask worker on {socket.gethostname()} has another version of ebmbench (code "
            f"{code_hash()}, here {home.code}); install the same one everywhere"
        )
    kept_in, shared = home.here()
    shipment = _run_process(job, timeout, kept_in)
    if shipment.over and not shared:
        drop_checkpoint(job, kept_in)
    return shipment


def _run_process(job: Job, timeout: float | None, kept_in: Path) -> Shipment:
    wanted, began, late = _is_wanted(), time.monotonic(), False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process = start(_work, job, folder, kept_in)
        while process.is_alive():
            process.join(WAIT)
            late = timeout is not None and time.monotonic() - began > timeout
            if late or not wanted():
                process.kill()
        if late:
            message = f"stopped after {timeout:g} s"
            return Shipment(failed_record(job, Status.TIMEOUT, message, contended=True))
        path = job.path(folder)
        if process.exitcode != 0 or not path.is_file():
            return Shipment(death_record(job, process.exitcode, contended=True), over=False)
        record = read_record(path)
        files = {path.name: path.read_bytes() for path in files_beside(record, folder)}
        return Shipment(record, files)


def _work(job: Job, folder: Path, kept_in: Path) -> None:
    belong()
    run_job(job, folder, True, note=lambda text: print(text, file=sys.stderr), kept_in=kept_in)


def _is_wanted() -> Callable[[], bool]:
    """Return what says whether the scheduler still wants the task that this thread is at.

    Dask cannot stop a function under way when a client is gone, or its task was given to another.
    """
    from distributed import get_worker

    try:
        worker = get_worker()
        key = worker.get_current_task()
    except ValueError:
        # Not on a worker.
        return lambda: True

    def wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing"

    return wanted
