"""Writing files whole or not at all, and only where they belong.

An output folder may come from a stranger. A link in it could lead a report to read a secret of the
reader, or to write over a file elsewhere, so a folder with a link in it is refused.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from ebmbench.errors import EbmbenchError


def write_atomically(path: Path, text: str) -> None:
    """Write a text file under a temporary name, flush it to the disk, and rename it."""
    write_bytes_atomically(path, text.encode())


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, and rename it.

    A link that lies where the file goes is replaced, never written through.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def version_of(path: Path) -> tuple[int, ...] | None:
    """Return what changes when a file does: its size, time and number; ``None``: it is not there.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def refuse_links(folder: Path) -> None:
    """Refuse a folder that holds anything but files and folders; it may be a link itself.

    Raises:
        EbmbenchError: below it lies a symbolic link, a pipe, a socket or a device.
    """
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif not entry.is_file(follow_symlinks=False):
                        raise EbmbenchError(
                            f"folder {str(folder)!r} holds {_kind(entry)} at "
                            f"{os.path.relpath(entry.path, folder)!r}, allowed: files and folders"
                        )
        except FileNotFoundError:
            # Another run takes its temporary files and folders away while this one looks.
            continue


def _kind(entry: os.DirEntry[str]) -> str:
    mode = entry.stat(follow_symlinks=False).st_mode
    return "a symbolic link" if stat.S_ISLNK(mode) else "what is no file"
