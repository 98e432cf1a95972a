"""The output folder: records written whole or not at all, resume, and the tidy table."""

from __future__ import annotations

import io
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from ebmbench.errors import EbmbenchError
from ebmbench.files import write_atomically, write_bytes_atomically
from ebmbench.records import (
    Record,
    digest_of,
    is_packed,
    named_after,
    read_records,
    record_path,
    results_csv,
    to_json,
)
from ebmbench.trust import refuse_links


@dataclass
class Artifacts:
    """What lies beside a record; each ``None`` until it is there."""

    weights: bytes | None = None
    """safetensors."""
    rows: Tensor | None = None
    """``-E(x)`` of every test row, ``(n,)``, float64."""
    image: bytes | None = None
    """A sheet of samples as PNG."""


def write_run(record: Record, artifacts: Artifacts, out: Path) -> Record:
    """Write what lies beside a record, then the record, which names it; return the record.

    Until the record is renamed into place, an older one stands with all its files.
    """
    parts = {
        "safetensors": artifacts.weights,
        "rows.npy": None if artifacts.rows is None else _as_npy(artifacts.rows),
        "samples.png": artifacts.image,
    }
    fields = {"safetensors": "weights", "rows.npy": "rows"}
    folder = record_path(out, record.task, record.method, record.seed).parent
    files, named = dict(record.files), dict[str, str]()
    for suffix, content in parts.items():
        if content is None:
            continue
        files = {name: files[name] for name in files if not name.endswith(f".{suffix}")}
        digest = digest_of(content)
        name = named_after(record.seed, digest, suffix)
        write_bytes_atomically(folder / name, content)
        files[name] = digest
        if suffix in fields:
            named[fields[suffix]] = name
    record = record.model_copy(update={"files": files} | named)
    write_record(record, out)
    return record


def write_record(record: Record, out: Path) -> Path:
    """Write a record where it belongs, take its forerunner's files away, and return the path."""
    path = record_path(out, record.task, record.method, record.seed)
    write_atomically(path, to_json(record))
    named = {record.weights, record.rows, *record.files}
    for old in path.parent.glob(f"seed-{record.seed}.*"):
        if _OURS.fullmatch(old.name) and old.name not in named:
            old.unlink(missing_ok=True)
    return path


_OURS = re.compile(r"seed-\d+\.([0-9a-f]{12}\.)?(safetensors|rows\.npy|samples\.png)")


def _as_npy(rows: Tensor) -> bytes:
    content = io.BytesIO()
    np.save(content, rows.numpy())
    return content.getvalue()


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
    refuse_links(out)


def write_results(out: Path) -> Path:
    """Derive ``results.csv`` from the records: one row per task, method, seed and metric."""
    path = out / "results.csv"
    write_atomically(path, results_csv(read_records(out)))
    return path
