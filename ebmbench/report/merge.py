"""Several output folders made one: every run once, and nothing that one table could not show."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.records import (
    Record,
    Status,
    Stored,
    as_written,
    files_beside,
    iter_stored,
    record_path,
)
from ebmbench.report.stats.mixtures import refuse_mixtures

Key = tuple[str, str, int]
"""Task, method and seed."""


def merge(folders: Sequence[Path], to: Path) -> list[Record]:
    """Write the records of several folders, and what lies beside them, to a new one.

    Of a run that two folders hold, one that ended ok comes before one that did not. Nothing is
    left behind unless all of it can be written.

    Arguments:
        folders: with records, packed or loose.
        to: a folder that does not exist yet or is empty.

    Returns:
        The records that were written.

    Raises:
        EbmbenchError: ``to`` holds something, a folder cannot be read, or the folders hold what
            does not belong into one: other presets, cards, rows or numbers of the same run.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise EbmbenchError(f"{str(to)!r} is not empty; allowed: a new folder")
    found = [(s.record(), s) for folder in folders for s in iter_stored(folder)]
    # All of them, since of two runs of one name with other cards none may go unseen.
    refuse_mixtures([record for record, _ in found])
    chosen = _chosen(found)
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as name:
        fresh = Path(name) / "whole"
        for record, stored in chosen.values():
            path = record_path(fresh, record.task, record.method, record.seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            for beside in files_beside(record, stored.folder):
                shutil.copyfile(beside, path.parent / beside.name)
            path.write_text(as_written(stored.content()), encoding="utf-8", newline="")
        if to.exists():
            to.rmdir()
        fresh.rename(to)
    return [record for record, _ in chosen.values()]


def _chosen(found: Iterable[tuple[Record, Stored]]) -> dict[Key, tuple[Record, Stored]]:
    chosen: dict[Key, tuple[Record, Stored]] = {}
    for record, stored in found:
        key = (record.task, record.method, record.seed)
        if key not in chosen:
            chosen[key] = record, stored
            continue
        other, place = chosen[key]
        if record.status is Status.OK and other.status is not Status.OK:
            chosen[key] = record, stored
        elif other.status is Status.OK is record.status and record.metrics != other.metrics:
            raise EbmbenchError(
                f"{place.whole_place} and {stored.whole_place} hold other numbers of the same "
                f"run, {record.task} × {record.method} seed {record.seed}; remove one of them"
            )
    return chosen
