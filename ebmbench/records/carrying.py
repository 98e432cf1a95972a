"""Long work carried between machines: packs that are taken up before it and written after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ebmbench.files import write_bytes_atomically
from ebmbench.records.folder import holds_records, iter_stored, record_path
from ebmbench.records.pack import PACK, pack_bytes, without_files
from ebmbench.records.stored import as_written


@contextmanager
def carried(out: Path, packed: Path | None) -> Iterator[None]:
    """Take up the records of ``packed`` in ``out``, and pack all of ``out`` there at the end.

    At the end, or where it was stopped: what is computed is kept either way.

    Arguments:
        out: a folder of folders of records, at any depth.
        packed: holds, or will hold, a pack for each of them at the same place; ``None``: nothing
            is taken up or packed.

    Raises:
        EbmbenchError: a pack cannot be read, or a record in it is not valid.
    """
    if packed is None:
        yield
        return
    take_up(packed, out)
    try:
        yield
    finally:
        pack_all(out, packed)


def take_up(packed: Path, out: Path) -> int:
    """Write the records of every pack that ``out`` does not have yet; return their number.

    What weights and rows lay beside a record is not in a pack, so a record does not name them.
    """
    count = 0
    for pack in sorted(packed.rglob(PACK)):
        folder = out / pack.parent.relative_to(packed)
        for stored in iter_stored(pack.parent):
            record = stored.record()
            path = record_path(folder, record.task, record.method, record.seed)
            if not path.exists():
                write_bytes_atomically(path, as_written(stored.content()).encode())
                count += 1
    return count


def pack_all(out: Path, packed: Path) -> None:
    """Pack the records of every folder of ``out`` into the folder of its place in ``packed``."""
    for runs in sorted(out.rglob("runs")):
        folder = runs.parent
        # Below "runs" are tasks, of which one may have this name too.
        if "runs" not in folder.relative_to(out).parts and holds_records(folder):
            content = pack_bytes(without_files(each.content()) for each in iter_stored(folder))
            write_bytes_atomically(packed / folder.relative_to(out) / PACK, content)
