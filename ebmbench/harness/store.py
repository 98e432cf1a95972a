"""The output folder: records written whole or not at all, resume, and the tidy table."""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from ebmbench.errors import EbmbenchError
from ebmbench.harness.job import Job, requested_id
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


@dataclass
class Artifacts:
    """What lies beside a record; each ``None`` until it is there."""

    weights: bytes | None = None
    """safetensors."""
    rows: Tensor | None = None
    """``-E(x)`` of every test row, ``(n,)``, float64."""
    image: bytes | None = None
    """A sheet of samples as PNG."""


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


def write_run(record: Record, artifacts: Artifacts, out: Path) -> Record:
    """Write what lies beside a record, then the record, which names it; return the record."""
    path = record_path(out, record.task, record.method, record.seed)
    weights, rows = (path.with_suffix(suffix) for suffix in (".safetensors", ".rows.npy"))
    if artifacts.weights is not None:
        write_bytes_atomically(weights, artifacts.weights)
        record = record.model_copy(update={"weights": weights.name})
    if artifacts.rows is not None:
        content = io.BytesIO()
        np.save(content, artifacts.rows.numpy())
        write_bytes_atomically(rows, content.getvalue())
        record = record.model_copy(update={"rows": rows.name})
    if artifacts.image is not None:
        write_bytes_atomically(path.with_suffix(".samples.png"), artifacts.image)
    write_record(record, out)
    return record


def write_record(record: Record, out: Path) -> Path:
    """Write a record where it belongs, and return the path."""
    path = record_path(out, record.task, record.method, record.seed)
    write_atomically(path, to_json(record))
    return path


def files_of(record: Record, out: Path) -> list[Path]:
    """Return the files that lie beside a record in an output folder."""
    path = record_path(out, record.task, record.method, record.seed)
    named = [path.parent / name for name in (record.weights, record.rows) if name is not None]
    return [each for each in (*named, path.with_suffix(".samples.png")) if each.is_file()]


def finished(job: Job, out: Path) -> Record | None:
    """Return the record of a job that need not run again: the same request, and it ended ok.

    The cards in the record must be those that its name is a hash of, so that one whose cards were
    edited is run again.

    Raises:
        EbmbenchError: what lies there is no record, which only another hand than ours can do.
    """
    path = job.path(out)
    if not path.is_file():
        return None
    record = read_record(path)
    same = record.run_id == job.run_id == requested_id(record)
    return record if same and record.status is Status.OK else None


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
