"""The output folder: records written whole or not at all, resume, and the tidy table."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.harness.job import Job
from ebmbench.records import (
    Record,
    Status,
    is_packed,
    read_record,
    read_records,
    record_path,
    results_csv,
    to_json,
)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file under a temporary name, flush it to the disk, and rename it."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_record(record: Record, out: Path) -> Path:
    """Write a record where it belongs, and return the path."""
    path = record_path(out, record.task, record.method, record.seed)
    write_atomically(path, to_json(record))
    return path


def finished(job: Job, out: Path) -> Record | None:
    """Return the record of a job that need not run again: the same request, and it ended ok.

    Raises:
        EbmbenchError: what lies there is no record, which only another hand than ours can do.
    """
    path = job.path(out)
    if not path.is_file():
        return None
    record = read_record(path)
    done = record.run_id == job.run_id and record.status is Status.OK
    return record if done else None


def open_folder(out: Path) -> None:
    """Make the output folder.

    Raises:
        EbmbenchError: it cannot be written to, or was published, so that its records are packed.
    """
    if is_packed(out):
        raise EbmbenchError(
            f"output folder {str(out)!r} is a published one, whose records are packed; run into "
            "another, or first unpack it into one with `ebmbench publish --unpack`"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise EbmbenchError(
            f"output folder {str(out)!r} cannot be written to: {error.strerror}"
        ) from None


def write_results(out: Path) -> Path:
    """Derive ``results.csv`` from the records: one row per task, method, seed and metric."""
    path = out / "results.csv"
    write_atomically(path, results_csv(read_records(out)))
    return path
