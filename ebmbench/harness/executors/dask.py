"""Runs on the workers of a dask cluster, for grids that one machine is too small for.

Every run is still a process of its own with one thread, from a fork server of the dask worker that
got the job; record and weights come back as bytes, so that no file system needs to be shared. The
rest (skips, resume, statuses, tables) is the same as on one machine.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from ebmbench.errors import EbmbenchError, RunStopped, first_line
from ebmbench.files import write_bytes_atomically
from ebmbench.harness.checkpoint import drop_checkpoint
from ebmbench.harness.executors.queue import Queue
from ebmbench.harness.executors.remote import WAIT, Home, Shipment, run_here
from ebmbench.harness.job import Job
from ebmbench.harness.progress import Reporter
from ebmbench.harness.record import failed_record
from ebmbench.harness.store import write_record
from ebmbench.records import Record, Status

IN_FLIGHT = 1000
"""Jobs that the scheduler knows of at a time."""
PATIENCE = 15.0
"""Seconds without a scheduler, after which it is taken for gone."""
NEWS = 5.0
"""Seconds after which the scheduler is asked again what its workers have."""


def run_on_cluster(
    queue: Queue,
    out: Path,
    reporter: Reporter,
    *,
    scheduler: str | None,
    workers: int,
    timeout: float | None = None,
) -> list[Record]:
    """Run every job on a dask cluster and return the records in the order in which they end.

    Arguments:
        queue: what to run; the objectives must be importable on the workers.
        out: the output folder, on this machine.
        reporter: told what happens; steps within a run are not reported.
        scheduler: address of the scheduler; ``None``: a cluster on this machine.
        workers: of that local cluster.
        timeout: seconds after which a run is stopped; ``None``: never.

    Raises:
        EbmbenchError: dask is not installed, or the scheduler does not answer.
        RunStopped: the scheduler is gone, or the output folder is.
    """
    records: list[Record] = []
    home = Home(out.absolute(), queue.sign)
    with _client(scheduler, workers) as client:
        running: dict[Any, Job] = {}
        while queue.left or running:
            queue.look()
            while len(running) < IN_FLIGHT and (taken := queue.take()) is not None:
                job, record = taken
                reporter.started(job)
                if record is None:
                    # Pure functions are cached by dask; a failed run is to be tried again.
                    tags = resources(job, client.workers())
                    future = client.submit(
                        run_here, job, timeout, home, pure=False, resources=tags
                    )
                    running[future] = job
                else:
                    records.append(record)
                    reporter.finished(job, record)
            ended = [future for future in running if future.status != "pending"]
            for future in ended:
                job = running.pop(future)
                shipment = _unpacked(future, job)
                for name, content in shipment.files.items():
                    write_bytes_atomically(job.path(out).parent / name, content)
                write_record(shipment.record, out)
                if shipment.over:
                    drop_checkpoint(job, out)
                queue.done(job)
                records.append(shipment.record)
                reporter.finished(job, shipment.record)
                future.release()
            if not ended:
                client.refuse_silence()
                time.sleep(WAIT)
    return records


class _Client:
    """A client that notices that its scheduler is gone; a context."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._heard = time.monotonic()
        self._asked = -math.inf
        self._workers: list[Mapping[str, float]] = []

    def submit(self, *arguments: object, **options: object) -> Any:
        return self._client.submit(*arguments, **options)

    def workers(self) -> list[Mapping[str, float]]:
        """Return what each worker says that it has, as of a moment ago."""
        if self._client.status == "running" and time.monotonic() - self._asked > NEWS:
            # A scheduler that does not answer is noticed in the loop.
            with suppress(OSError, TimeoutError):
                known = self._client.scheduler_info(n_workers=-1)["workers"].values()
                self._workers = [each["resources"] for each in known]
            self._asked = time.monotonic()
        return self._workers

    def refuse_silence(self) -> None:
        """Refuse to wait for a scheduler that has been gone for a while.

        Raises:
            RunStopped: it has.
        """
        if self._client.status == "running":
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > PATIENCE:
            raise lost(self._address)


def resources(job: Job, workers: Sequence[Mapping[str, float]]) -> dict[str, float] | None:
    """Return what a job asks of a worker: one `gpu`, or one `cpu` where workers speak of that.

    So a worker that says it has GPUs and nothing else is left to the jobs that need one.

    Arguments:
        job: what is to be run.
        workers: what each worker there is says that it has.
    """
    if job.device != "cpu":
        return {"gpu": 1}
    return {"cpu": 1} if any("cpu" in each for each in workers) else None


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[_Client]:
    """Connect to a scheduler, or to a cluster on this machine that ends with the context."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise EbmbenchError(
            "--executor dask needs dask; install it with `pip install 'ebmbench[dask]'`"
        ) from None
    # What dask logs of a lost connection is a traceback a piece; here it becomes a sentence.
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        if scheduler is None:
            cluster = LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            )
            stack.enter_context(cluster)
            scheduler = str(cluster.scheduler_address)
        try:
            client = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise EbmbenchError(
                f"no dask scheduler answers at {scheduler!r}: {type(error).__name__}"
            ) from None
        stack.callback(_close, client)
        yield _Client(client, scheduler)


def _close(client: Any) -> None:
    # A client whose scheduler is gone complains of that once more.
    with suppress(OSError, TimeoutError, RuntimeError):
        client.close(timeout=2)


def lost(address: str) -> RunStopped:
    """Return what is said of a scheduler that was there when the run began."""
    return RunStopped(
        f"the dask scheduler at {address!r} is gone; finished runs are kept, and the same command "
        "goes on with the others"
    )


def _unpacked(future: Any, job: Job) -> Shipment:
    """Return what a job that has ended sent, or a record of how it failed.

    Raises:
        RunStopped: the scheduler has forgotten the job, or the worker is of another version.
    """
    if future.status in ("cancelled", "lost"):
        raise lost(str(future.client.scheduler and future.client.scheduler.address))
    error = future.exception()
    if error is None:
        shipment = future.result()
        assert isinstance(shipment, Shipment)
        return shipment
    if isinstance(error, RunStopped):
        raise error
    message = f"the dask worker failed: {type(error).__name__}: {first_line(error)}"
    return Shipment(failed_record(job, Status.FAILED, message, contended=True), over=False)
