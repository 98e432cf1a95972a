"""Evaluating all runs of a folder again, its records loose or packed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.files import write_bytes_atomically
from ebmbench.harness.rescore import rescore
from ebmbench.records import (
    PACK,
    Record,
    Status,
    is_packed,
    iter_stored,
    pack_bytes,
    read_records,
    unpack,
)

Tell = Callable[[Record], None]
Read = Callable[[Path], list[Record]]


def score_folder(
    out: Path,
    read: Read = read_records,
    data_dir: Path | None = None,
    tell: Tell = lambda record: None,
) -> None:
    """Replace the metrics of every run of a folder that ended ok by those of its stored weights.

    Loose records are replaced one by one. A pack is replaced once all are done; the lines of runs
    that did not end ok stay as they were written.

    Arguments:
        out: an output folder with weights, or one that was published with them.
        read: reads the records of a folder; those whose cards name classes outside this package
            must know where these lie (:func:`ebmbench.harness.job.placed`).
        data_dir: where data files are looked for first.
        tell: called with each record that was replaced.

    Raises:
        EbmbenchError: weights are missing or do not fit, or the data cannot be had.
    """
    if not is_packed(out):
        _score_loose(out, read, data_dir, tell)
        return
    good = [record for record in read_records(out) if record.status is Status.OK]
    if good and not any(record.weights for record in good):
        raise EbmbenchError(
            f"{str(out)!r} was published without weights, and scoring again needs them; score "
            "the output folder that it was published from, or publish it with --weights"
        )
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as name:
        copy = Path(name) / "unpacked"
        unpack(out, copy)
        _score_loose(copy, read, data_dir, tell)
        pack = pack_bytes(stored.content() for stored in iter_stored(copy))
        beside_records = shutil.ignore_patterns("seed-*.json")
        shutil.copytree(copy / "runs", out / "runs", ignore=beside_records, dirs_exist_ok=True)
    write_bytes_atomically(out / PACK, pack)


def _score_loose(out: Path, read: Read, data_dir: Path | None, tell: Tell) -> None:
    for record in read(out):
        if record.status is Status.OK:
            tell(rescore(record, out, data_dir))
