"""Many records in one file: a line of compact JSON each, in order, compressed.

A pack holds the JSON of every record as it was written, number by number and key by key; it never
passes through :class:`~ebmbench.records.model.Record`, which may have gained fields since.
"""

from __future__ import annotations

import gzip
import io
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ebmbench.errors import EbmbenchError, first_line
from ebmbench.records.stored import Stored

PACK = "records.jsonl.gz"
"""Name of the file in a published folder."""
LEVEL = 9
LONGEST = 1 << 26
"""Bytes of a line; a record has some ten thousand, and what a stranger packed is unpacked here."""


def is_packed(folder: Path) -> bool:
    """Return whether the records of a folder are packed."""
    return (folder / PACK).is_file()


def sort_key(content: dict[str, Any]) -> tuple[str, str, int]:
    """Return task, method and seed, by which the lines of a pack are sorted."""
    return content["task"], content["method"], content["seed"]


def without_files(content: dict[str, Any]) -> dict[str, Any]:
    """Return a record that names no file beside it, such as its weights."""
    empty: dict[str, Any] = {"weights": None, "rows": None, "files": {}}
    return content | {name: empty[name] for name in empty if name in content}


def pack_bytes(contents: Iterable[dict[str, Any]]) -> bytes:
    """Return the bytes of a pack; the same records give the same bytes.

    Arguments:
        contents: of every record (:meth:`Stored.content`), in any order.
    """
    buffer = io.BytesIO()
    # No time and no file name in the header.
    with gzip.GzipFile("", "wb", LEVEL, buffer, mtime=0) as file:
        for content in sorted(contents, key=sort_key):
            line = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
            file.write(line.encode() + b"\n")
    return buffer.getvalue()


def read_pack(folder: Path) -> Iterator[Stored]:
    """Yield the records of a packed folder, one line at a time.

    Raises:
        EbmbenchError: the file cannot be read, is not a whole gzip file, or is not text.
    """
    path = folder / PACK
    number = 0
    try:
        with gzip.open(path, "rb") as file:
            for number in itertools.count(1):
                line = file.readline(LONGEST + 1)
                if not line:
                    return
                if len(line) > LONGEST:
                    raise ValueError(f"more than {LONGEST >> 20} MiB in a line")
                yield Stored(folder, PACK, number, line.decode("utf-8").rstrip("\n"))
    except (OSError, EOFError, zlib.error, ValueError) as error:
        where = f"{str(path)!r}, line {number}" if number else repr(str(path))
        raise EbmbenchError(
            f"packed records {where}, cannot be read: {first_line(error)}"
        ) from None
