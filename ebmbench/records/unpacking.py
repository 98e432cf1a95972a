"""From a pack back to an output folder, byte for byte."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.records.folder import iter_stored, record_path
from ebmbench.records.pack import PACK, is_packed
from ebmbench.records.stored import as_written


def unpack(folder: Path, out: Path) -> int:
    """Write the records of a packed folder as the files that were packed; return their number.

    What lies in ``runs/`` of the packed folder, such as weights, is copied beside them. Nothing is
    left behind unless all of it can be written.

    Arguments:
        folder: with a pack.
        out: a folder that does not exist yet or is empty.

    Raises:
        EbmbenchError: there is no pack, a record in it is not valid or there twice, or ``out``
            holds something.
    """
    if not is_packed(folder):
        raise EbmbenchError(f"{str(folder)!r} holds no {PACK} to unpack")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise EbmbenchError(f"{str(out)!r} is not empty; allowed: a new folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as name:
        fresh = Path(name) / "whole"
        if (folder / "runs").is_dir():
            shutil.copytree(folder / "runs", fresh / "runs")
        count = 0
        for stored in iter_stored(folder):
            record = stored.record()
            path = record_path(fresh, record.task, record.method, record.seed)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with path.open("x", encoding="utf-8", newline="") as file:
                    file.write(as_written(stored.content()))
            except FileExistsError:
                raise EbmbenchError(
                    f"record {stored.whole_place} would lie where another one does: "
                    f"{path.relative_to(fresh).as_posix()}"
                ) from None
            count += 1
        if out.exists():
            out.rmdir()
        fresh.rename(out)
    return count
