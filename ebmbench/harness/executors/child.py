"""A process of its own for every run, from a fork server that has torch loaded.

Such a process starts in a few hundredths of a second, and ends with the one that started it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import connection, current_process, parent_process
from multiprocessing.context import ForkServerProcess

from ebmbench.harness.executors.server import fork_server, without_main
from ebmbench.harness.job import Job
from ebmbench.harness.record import failed_record
from ebmbench.records import Record, Status

_LOCK = threading.Lock()


def start(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """Start a process that calls a function, which should begin with :func:`belong`."""
    here = current_process()
    if here.daemon:
        # A worker of dask is one, and may have no children unless it says that it is none.
        here.daemon = False
    process = fork_server().Process(target=target, args=arguments, daemon=True)
    with _LOCK, without_main():
        process.start()
    return process


def belong() -> None:
    """Let this process end with the one that started it, and leave Ctrl-C to that one.

    Ctrl-C reaches the whole process group; the parent decides what stops.
    """
    end_with_the_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An objective of one's own may have processes too.
    current_process().daemon = False


def end_with_the_parent() -> None:
    """Let this process end as soon as the one that started it has.

    A command that is killed cannot stop its workers; each would go on to the end of its run.
    """

    def watch() -> None:
        parent = parent_process()
        assert parent is not None
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def death_record(job: Job, code: int | None, contended: bool) -> Record:
    """Return the record of a run whose process ended without writing one."""
    if code == -signal.SIGKILL:
        message = "the worker was killed, as the kernel does when memory runs out"
        return failed_record(job, Status.OUT_OF_MEMORY, message, contended=contended)
    if code == 0:
        message = "the worker ended before its run did, without an error, as os._exit(0) does"
    elif code is not None and code < 0:
        message = f"the worker was ended by the signal {signal.Signals(-code).name}"
    else:
        message = f"the worker ended with exit code {code} and without a record"
    return failed_record(job, Status.FAILED, message, contended=contended)
