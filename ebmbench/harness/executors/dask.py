"""Runs on the workers of a dask cluster, for grids that one machine is too small for.

Every run is still a process of its own with one thread, started by the dask worker that got the
job; record and weights come back as bytes, so that no file system needs to be shared. The rest
(skips, resume, statuses, tables) is the same as on one machine.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.files import write_bytes_atomically
from ebmbench.harness.executors.local import THREAD_VARIABLES, death_record
from ebmbench.harness.job import Job
from ebmbench.harness.progress import Reporter
from ebmbench.harness.record import failed_record
from ebmbench.harness.run import run_job
from ebmbench.harness.store import files_of, write_record
from ebmbench.records import Record, Status, read_record


@dataclass(frozen=True)
class Shipment:
    """What comes back from a worker."""

    record: Record
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What lies beside it, by file name."""


def run_on_cluster(
    jobs: list[Job],
    out: Path,
    reporter: Reporter,
    *,
    scheduler: str | None,
    workers: int,
    timeout: float | None = None,
) -> list[Record]:
    """Run every job on a dask cluster and return the records in the order in which they end.

    Arguments:
        jobs: what to run; the objectives must be importable on the workers.
        out: the output folder, on this machine.
        reporter: told what happens; steps within a run are not reported.
        scheduler: address of the scheduler; ``None``: a cluster on this machine.
        workers: of that local cluster.
        timeout: seconds after which a run is stopped; ``None``: never.

    Raises:
        EbmbenchError: dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client, LocalCluster, as_completed
    except ImportError:
        raise EbmbenchError(
            "--executor dask needs dask; install it with `pip install 'ebmbench[dask]'`"
        ) from None
    records: list[Record] = []
    with ExitStack() as stack:
        if scheduler is None:
            cluster = LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            )
            stack.enter_context(cluster)
            scheduler = cluster.scheduler_address
        try:
            client = stack.enter_context(Client(scheduler, timeout=10))  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise EbmbenchError(
                f"no dask scheduler answers at {scheduler!r}: {type(error).__name__}"
            ) from None
        # Pure functions are cached by dask; a failed run is to be tried again.
        futures = {client.submit(run_here, job, timeout, pure=False): job for job in jobs}
        for job in jobs:
            reporter.started(job)
        for future in as_completed(futures):  # type: ignore[no-untyped-call]
            job = futures[future]
            shipment = _unpacked(future.exception(), future, job)
            for name, content in shipment.files.items():
                write_bytes_atomically(job.path(out).parent / name, content)
            write_record(shipment.record, out)
            records.append(shipment.record)
            reporter.finished(job, shipment.record)
            future.release()
    return records


def run_here(job: Job, timeout: float | None) -> Shipment:
    """Run one job in a process of its own on this machine; what a dask worker calls."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", __name__, name]
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")
        try:
            done = subprocess.run(
                command,
                input=pickle.dumps(job),
                timeout=timeout,
                env=environment,
                stdout=subprocess.DEVNULL,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"stopped after {timeout:g} s"
            return Shipment(failed_record(job, Status.TIMEOUT, message, contended=True))
        path = job.path(folder)
        if done.returncode != 0 or not path.is_file():
            return Shipment(death_record(job, done.returncode, contended=True))
        record = read_record(path)
        files = {path.name: path.read_bytes() for path in files_of(record, folder)}
        return Shipment(record, files)


def _unpacked(error: BaseException | None, future: object, job: Job) -> Shipment:
    if error is None:
        shipment = future.result()  # type: ignore[attr-defined]
        assert isinstance(shipment, Shipment)
        return shipment
    message = f"the dask worker failed: {type(error).__name__}: {error}".splitlines()[0]
    return Shipment(failed_record(job, Status.FAILED, message, contended=True))


def main() -> None:
    """Run the job on the standard input; the output folder is the only argument."""
    run_job(pickle.load(sys.stdin.buffer), Path(sys.argv[1]), contended=True)


if __name__ == "__main__":
    main()
