"""Folders that hold records: loose, one file each under ``runs/``, or packed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from ebmbench.errors import EbmbenchError, first_line
from ebmbench.files import version_of
from ebmbench.names import MethodName, Name
from ebmbench.records.brief import Brief
from ebmbench.records.model import Record
from ebmbench.records.pack import PACK, is_packed, read_pack
from ebmbench.records.stored import Stored
from ebmbench.trust import refuse_links

_TASK: TypeAdapter[str] = TypeAdapter(Name)
_METHOD: TypeAdapter[str] = TypeAdapter(MethodName)


def record_path(out: Path, task: str, method: str, seed: int) -> Path:
    """Return where the record of one run lies under the output folder.

    Raises:
        EbmbenchError: a name that no card may have, such as one that leaves the folder.
    """
    return Path(_method_folder(out, task, method), f"seed-{int(seed)}.json")


@lru_cache(maxsize=4096)
def _method_folder(out: Path, task: str, method: str) -> Path:
    for kind, allowed, name in (("task", _TASK, task), ("method", _METHOD, method)):
        try:
            allowed.validate_python(name)
        except ValidationError:
            raise EbmbenchError(
                f"{name!r} is no name of a {kind}; allowed: small letters, digits and hyphens "
                "between slashes"
            ) from None
    return out / "runs" / task / method


def read_record(path: Path) -> Record:
    """Read and validate one record.

    Raises:
        EbmbenchError: the file cannot be read or is not a valid record.
    """
    return _loose(path, path.parent, path.name).record()


def holds_records(out: Path) -> bool:
    """Return whether there is any record in a folder, packed or loose."""
    return is_packed(out) or any(_loose_paths(out))


def iter_stored(out: Path) -> Iterator[Stored]:
    """Yield the text of every record of a folder: in a pack as it stands, else by path.

    Raises:
        EbmbenchError: the folder is missing or holds no record, holds them both packed and loose,
            a file cannot be read, or there is a link among the files.
    """
    if not out.is_dir():
        raise EbmbenchError(f"output folder {str(out)!r} does not exist")
    refuse_links(out)
    if not is_packed(out):
        found = False
        for path in _loose_paths(out):
            found = True
            yield _loose(path, out, path.relative_to(out).as_posix())
        if not found:
            raise EbmbenchError(
                f"output folder {str(out)!r} holds no record under runs/ and no {PACK}"
            )
        return
    if any(_loose_paths(out)):
        raise EbmbenchError(
            f"{str(out)!r} holds {PACK} and records under runs/ too; allowed: one of them"
        )
    yield from read_pack(out)


def read_records(out: Path) -> list[Record]:
    """Return all records under an output folder, in the order of task, method and seed.

    Raises:
        EbmbenchError: as :func:`iter_stored`, or a record is not valid or there twice.
    """
    found: dict[tuple[str, str, int], tuple[Record, str]] = {}
    with no_collection():
        for stored in iter_stored(out):
            record = stored.record()
            key = (record.task, record.method, record.seed)
            if key in found:
                raise EbmbenchError(
                    f"record {stored.whole_place} is {record.task} × {record.method} seed "
                    f"{record.seed}, as {found[key][1]} is; allowed: each once"
                )
            # Where it lies, and not its text, which is as large as the record.
            found[key] = (record, stored.place)
    if not found:
        raise EbmbenchError(f"{str(out / PACK)!r} holds no record")
    return [found[key][0] for key in sorted(found)]


def read_briefs(
    out: Path,
) -> tuple[dict[Path, tuple[int, ...] | None], dict[Path, Brief]]:
    """Return the version and the outline of every record file under an output folder, by path.

    Raises:
        EbmbenchError: a record is not valid.
    """
    versions: dict[Path, tuple[int, ...] | None] = {}
    briefs = {}
    with no_collection():
        for path in _loose_paths(out):
            versions[path] = version_of(path)
            briefs[path] = _loose(path, path.parent, path.name).brief()
    return versions, briefs


@contextmanager
def no_collection() -> Iterator[None]:
    """Do not look for garbage in cycles while many records are made, of which none is garbage.

    Python would look through all of them again and again, a sixth of the time.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _loose_paths(out: Path) -> Iterator[Path]:
    return iter(sorted((out / "runs").rglob("seed-*.json")))


def _loose(path: Path, folder: Path, file: str) -> Stored:
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise EbmbenchError(f"record {str(path)!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise EbmbenchError(f"record {str(path)!r} is not valid: {first_line(error)}") from None
    return Stored(folder, file, None, text)
