"""What spoiled inputs have found, one of each kind of fault; each is refused in a sentence now."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.fuzz.kinds import kinds
from benchmarks.fuzz.trying import settle
from benchmarks.fuzz.watching import Watch

MANY = "a" * 5000
"""A library says all of a name that it does not know."""


def weights(dtype: str) -> bytes:
    header = {"x": {"dtype": dtype, "shape": [1], "data_offsets": [0, 4]}}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(4)


def images(header: list[int], pixels: bytes) -> bytes:
    words = b"".join(each.to_bytes(4, "big") for each in header)
    return gzip.compress(words + pixels)


def array(header: str) -> bytes:
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


MOMENTS = (
    b'{"version": 1, "moments": [{"task": "x", "seed": 0, "n": 9, "methods": ["a", "b"], '
    b'"means": [0.1, 0.2], "variances": [[0.5]]}]}'
)
ASV = (
    b'{"params": {"cpu": "x", "os": "y"}, "date": 17, "commit_hash": "a", '
    b'"result_columns": ["result"], "results": {"b": [[0.1]]}}'
)


def parquet(said: dict[str, Any]) -> bytes:
    """Return a table of which pandas is said to have written something else."""
    table = pa.table({"a": [1.0, 2.0, 3.0]}).replace_schema_metadata({"pandas": json.dumps(said)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


FOUND = {
    "a type that is not known": ("safetensors", weights(MANY)),
    "images without a header": ("IDX", gzip.compress(b"\0\0\x08\x03")),
    "fewer images than are said": ("IDX", images([0x803, 9, 5, 5], bytes(10))),
    "images without end": ("IDX", images([0x803, 1, 1, 1], bytes(1 << 20))),
    "images without number": ("IDX", images([0x803, 1 << 31, 1 << 31, 1 << 31], b"")),
    "rows without number": ("gzip", gzip.compress(MOMENTS.replace(b"9", b"Infinity"))),
    "a date without end": ("asv", ASV.replace(b"17", b"Infinity")),
    "images cut short": ("IDX", images([0x803, 1, 4, 4], bytes(16))[:-9]),
    "no gzip": ("IDX", b"images"),
    "a header that does not end": ("NPY", array("{'descr': '<f8',\n(")),
    "a header that says too much": ("NPY", array("{'descr': '<f8', 'fortran_order': 0}")),
    "an index that is not there": ("parquet", parquet({"index_columns": ["gone"]})),
    "metadata of other kinds": ("parquet", parquet({"index_columns": 7, "columns": None})),
    "a cell of thousands": ("CSV", f"a,b\n1,2\n3,{MANY}\n4,5\n".encode()),
    "a name of thousands": ("CSV", f"a,{MANY}\n1,2\n3,inf\n4,5\n".encode()),
    "lists without end": ("asv", b"[" * 100_000),
    "a command of thousands": ("command line", MANY.encode()),
    "a command that steers": ("command line", b"list '\x1b]0;x\x07'"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    kind, content = FOUND[name]
    settle(tmp_path.resolve())
    watch = Watch(tmp_path.resolve())
    watch.try_input(content, kinds(tmp_path.resolve())[kind].use)
    assert watch.findings == {}
    assert watch.refused == 1
