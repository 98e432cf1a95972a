"""Members of an archive, unpacked once; each is believed only with its size and hash beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from functools import lru_cache
from pathlib import Path

from ebmbench.errors import EbmbenchError, first_line
from ebmbench.files import version_of, write_atomically


def extract(archive: Path, members: tuple[str, ...], target: Path) -> list[Path]:
    """Unpack members of an archive below a folder, unless they are there; return their paths.

    Arguments:
        archive: a tar file whose checksum was looked at.
        members: names in it.
        target: the folder.

    Raises:
        EbmbenchError: the archive cannot be read or lacks a member.
    """
    missing = [member for member in members if not _is_whole(target / member)]
    if missing:
        try:
            with tarfile.open(archive) as tar:
                for member in missing:
                    _extract_one(tar, member, target / member)
        except (tarfile.TarError, EOFError, zlib.error, KeyError) as error:
            raise EbmbenchError(
                f"archive {str(archive)!r} cannot be read: {first_line(error)}"
            ) from None
    return [target / member for member in members]


def _extract_one(tar: tarfile.TarFile, member: str, path: Path) -> None:
    """Write a member aside, look at its size, rename it, and say its hash beside it."""
    entry = tar.getmember(member)
    content = tar.extractfile(entry)
    if content is None:
        raise EbmbenchError(f"archive {str(tar.name)!r} holds {member!r}, which is no file")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    aside = Path(name)
    try:
        with content, os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        if aside.stat().st_size != entry.size:
            raise EOFError(f"member {member!r} has {aside.stat().st_size} of {entry.size} bytes")
        words = f"{entry.size} {_digest(aside, version_of(aside))}\n"
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    write_atomically(_said(path), words)


def _is_whole(path: Path) -> bool:
    """Return whether a file is there as it came out of the archive."""
    try:
        said = _said(path).read_text(encoding="utf-8")
        return said == f"{path.stat().st_size} {_digest(path, version_of(path))}\n"
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _said(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


@lru_cache(maxsize=64)
def _digest(path: Path, _version: tuple[int, ...] | None) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
