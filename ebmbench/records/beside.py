"""The files beside a record: its weights, its rows and its pictures.

Each is named after its content, so that a run that is done again never touches the files of its
older record: the new record, renamed into place last, changes all of them at once.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.files import version_of
from ebmbench.records.folder import record_path
from ebmbench.records.model import Record

NAMED = re.compile(r"seed-\d+(\.[0-9a-f]{12})?\.(.+)")
"""A file beside a record: the start of its hash, which those of 0.1 and pictures that a user put
there do not have, and what it is."""


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a content in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def named_after(seed: int, digest: str, suffix: str) -> str:
    """Return the name of a file beside the record of a seed.

    Example:
        >>> named_after(3, "0123456789abcdef", "safetensors")
        'seed-3.0123456789ab.safetensors'
    """
    return f"seed-{seed}.{digest[:12]}.{suffix}"


def beside(record: Record, out: Path, name: str | None) -> Path | None:
    """Return the path of a file that a record names; ``None`` where it names none or it is gone.

    Arguments:
        record: of the folder.
        out: the folder.
        name: ``record.weights``, ``record.rows`` or a key of ``record.files``.

    Raises:
        EbmbenchError: the file is not the one that the record was written with.
    """
    if name is None:
        return None
    path = record_path(out, record.task, record.method, record.seed).parent / name
    if path.is_symlink() or not path.is_file():
        return None
    expected = record.files.get(name)
    # Records of 0.1 say no hashes.
    if expected is not None:
        found = _digest(path, version_of(path))
        if found != expected:
            raise EbmbenchError(
                f"file {str(path)!r} is not the one that its record was written with: its hash "
                f"begins with {found[:12]}, the record says {expected[:12]}"
            )
    return path


def files_beside(record: Record, out: Path) -> list[Path]:
    """Return the files of a run: those that its record names, and pictures that a user put there.

    Raises:
        EbmbenchError: one is not the file that the record was written with.
    """
    folder = record_path(out, record.task, record.method, record.seed).parent
    names = [record.weights, record.rows, *record.files]
    for path in sorted(folder.glob(f"seed-{record.seed}.*.png")):
        match = NAMED.fullmatch(path.name)
        # What has a hash and is not of this record was left behind by a run that was killed.
        if match is not None and match[1] is None:
            names.append(path.name)
    found = [beside(record, out, name) for name in dict.fromkeys(names)]
    return [path for path in found if path is not None]


@lru_cache(maxsize=1 << 16)
def _digest(path: Path, _version: tuple[int, ...] | None) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
