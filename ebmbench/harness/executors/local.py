"""Running jobs in worker processes on this machine, one thread each."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil

from ebmbench.errors import EbmbenchError
from ebmbench.harness.checkpoint import drop_checkpoint
from ebmbench.harness.executors.child import belong, death_record, start
from ebmbench.harness.executors.queue import Queue
from ebmbench.harness.executors.server import fork_server
from ebmbench.harness.held_up import signals_held_up
from ebmbench.harness.job import Job
from ebmbench.harness.progress import Reporter
from ebmbench.harness.record import failed_record
from ebmbench.harness.run import run_job
from ebmbench.harness.store import write_record
from ebmbench.records import Record, Status, read_record

PATIENCE = 5.0
"""Seconds between asking a worker to stop and stopping it."""


@dataclass(frozen=True)
class _Note:
    """What a worker has to say to the user."""

    text: str


@dataclass
class _Worker:
    process: ForkServerProcess
    channel: Connection
    job: Job
    began: float
    reporter: Reporter
    end: str | None = None
    """What the worker said last: empty, its record is written; else why it could not be."""


def cores() -> int:
    """Return the number of cores that this process may use."""
    if psutil.LINUX:
        return len(psutil.Process().cpu_affinity())
    return os.cpu_count() or 1


def run_jobs(
    queue: Queue,
    out: Path,
    reporter: Reporter,
    *,
    workers: int,
    timeout: float | None = None,
) -> list[Record]:
    """Run every job in a fresh process and return the records in the order in which they end.

    A job's record does not depend on the number of workers, but its
    timings do: with more than one they are marked as contended.

    Arguments:
        queue: what to run.
        out: the output folder.
        reporter: told what happens.
        workers: processes at a time, each with one thread.
        timeout: seconds after which a run is stopped; ``None``: never.

    Raises:
        EbmbenchError: more workers than cores.
        RunStopped: the output folder is gone, or cannot be written to any more.
        KeyboardInterrupt: passed on once all workers are stopped; finished records stay.
    """
    if workers > cores():
        raise EbmbenchError(
            f"--jobs is {workers}, allowed: at most the {cores()} cores of this machine, since "
            "oversubscribed runs are slower and their timings mean nothing"
        )
    contended = workers > 1
    running = list[_Worker]()
    records: list[Record] = []

    def ended(job: Job, record: Record) -> None:
        queue.done(job)
        records.append(record)
        reporter.finished(job, record)

    try:
        while queue.left or running:
            queue.look()
            while len(running) < workers and (taken := queue.take()) is not None:
                job, record = taken
                reporter.started(job)
                if record is None:
                    # Until it is among those that are stopped at the end.
                    with signals_held_up():
                        running.append(_start(job, out, contended, reporter))
                else:
                    ended(job, record)
            _listen(running)
            for worker in list(running):
                record = _end_of(worker, out, contended, timeout)
                if record is not None:
                    running.remove(worker)
                    worker.channel.close()
                    ended(worker.job, record)
    finally:
        for worker in running:
            _stop(worker)
    return records


def _start(job: Job, out: Path, contended: bool, reporter: Reporter) -> _Worker:
    receiving, sending = fork_server().Pipe(duplex=False)
    process = start(_work, job, out, contended, sending)
    sending.close()
    return _Worker(process, receiving, job, time.monotonic(), reporter)


def _end_of(worker: _Worker, out: Path, contended: bool, timeout: float | None) -> Record | None:
    """Return the record of a worker that has ended or is late; ``None``: it is still at work."""
    late = timeout is not None and time.monotonic() - worker.began > timeout
    if not worker.process.is_alive():
        worker.process.join()
        _hear(worker)
        return _collect(worker, out, contended)
    if not late:
        return None
    _stop(worker)
    message = f"stopped after {timeout:g} s"
    record = failed_record(worker.job, Status.TIMEOUT, message, contended=contended)
    write_record(record, out)
    # A limit is for a run and not for a part of it.
    drop_checkpoint(worker.job, out)
    return record


def _work(job: Job, out: Path, contended: bool, channel: Connection) -> None:
    belong()

    def progress(step: int, total: int) -> None:
        channel.send((step, total))

    try:
        run_job(job, out, contended, progress, note=lambda text: channel.send(_Note(text)))
    except OSError as error:
        channel.send(f"its record cannot be written: {error.strerror or error}")
    else:
        channel.send("")


def _listen(running: list[_Worker]) -> None:
    """Wait a moment for news, and pass on what workers have sent."""
    by_channel = {worker.channel: worker for worker in running}
    sentinels = [worker.process.sentinel for worker in running]
    for ready in connection.wait([*by_channel, *sentinels], timeout=0.2):
        worker = by_channel.get(ready)  # type: ignore[call-overload]
        if worker is not None:
            _hear(worker)


def _hear(worker: _Worker) -> None:
    """Pass on what a worker has sent, and keep how it says that it ended."""
    try:
        while worker.channel.poll():
            found = worker.channel.recv()
            if isinstance(found, str):
                worker.end = found
            elif isinstance(found, _Note):
                worker.reporter.note(f"{worker.job.label}: {found.text}")
            else:
                worker.reporter.progress(worker.job, *found)
    except (EOFError, OSError):
        worker.process.join(PATIENCE)


def _collect(worker: _Worker, out: Path, contended: bool) -> Record:
    """Read the record that a worker wrote, or write one for a worker that died."""
    path = worker.job.path(out)
    # An older record may lie there: what counts is that the worker says it wrote this one.
    if worker.end == "" and path.is_file():
        return read_record(path)
    if worker.end:
        record = failed_record(worker.job, Status.FAILED, worker.end, contended=contended)
    else:
        record = death_record(worker.job, worker.process.exitcode, contended)
    write_record(record, out)
    return record


def _stop(worker: _Worker) -> None:
    worker.process.terminate()
    worker.process.join(PATIENCE)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
