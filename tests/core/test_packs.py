"""Packs: nothing in a record changes, the same bytes again, and what is broken is named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.records import (
    PACK,
    Record,
    iter_stored,
    pack_bytes,
    read_records,
    record_path,
    to_json,
    unpack,
)

Make = Callable[..., Record]


def older_text(record: Record) -> str:
    """Return a record as it was written before it got its newest fields."""
    content = json.loads(to_json(record))
    for field in ("log_z", "rows", "diverged_at"):
        del content[field]
    content["learned_log_z"] = 1e-17
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


@pytest.fixture
def loose(make_record: Make, tmp_path: Path) -> Path:
    """Three records of one pair, as an older version wrote them."""
    out = tmp_path / "loose"
    for seed in (10, 2, 0):
        record = make_record(seed, message="μ ≤ ∞")
        path = record_path(out, record.task, record.method, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(older_text(record), encoding="utf-8")
    return out


@pytest.fixture
def packed(loose: Path, tmp_path: Path) -> Path:
    return pack(tmp_path / "packed", [stored.content() for stored in iter_stored(loose)])


def pack(folder: Path, contents: list[dict[str, object]]) -> Path:
    folder.mkdir()
    (folder / PACK).write_bytes(pack_bytes(contents))
    return folder


def lines(folder: Path) -> list[bytes]:
    return gzip.decompress((folder / PACK).read_bytes()).splitlines(keepends=True)


def write_lines(folder: Path, content: list[bytes]) -> None:
    (folder / PACK).write_bytes(gzip.compress(b"".join(content)))


def test_a_pack_reads_like_the_files_and_unpacks_to_their_bytes(
    loose: Path, packed: Path, tmp_path: Path
) -> None:
    assert read_records(packed) == read_records(loose)
    assert [record.seed for record in read_records(packed)] == [0, 2, 10]
    assert unpack(packed, tmp_path / "back") == 3
    before = {path.relative_to(loose): path.read_bytes() for path in loose.rglob("*.json")}
    back = tmp_path / "back"
    assert {path.relative_to(back): path.read_bytes() for path in back.rglob("*.json")} == before


def test_the_order_of_packing_leaves_no_trace(loose: Path) -> None:
    contents = [stored.content() for stored in iter_stored(loose)]
    assert pack_bytes(contents) == pack_bytes(reversed(contents))
    header = pack_bytes(contents)[:10]
    assert header[3] == 0, "a file name or a comment in the header"
    assert header[4:8] == bytes(4), "a time in the header"


def test_a_folder_with_both_forms_is_refused(loose: Path, packed: Path) -> None:
    (packed / PACK).rename(loose / PACK)
    with pytest.raises(EbmbenchError, match=r"holds records.jsonl.gz and records under runs/ too"):
        read_records(loose)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace(b'"seed":2', b'"seed":"x"'),
            r"line 2 is not valid: key 'seed'",
        ),
        (lambda text: text[:-9] + b"\n", r"line 2 is not valid: no JSON"),
        (lambda text: b"\n", r"line 2 is not valid: no JSON"),
        (lambda text: b"[]\n", r"line 2 is not valid"),
        (lambda text: text.replace(b"smoke", b"sm\xff", 1), r"line 2, cannot be read: 'utf-8'"),
        (lambda text: text.replace(b'"seed":2', b'"seed":-2'), r"line 2 is not valid: key 'seed'"),
    ],
)
def test_a_bad_line_is_named(change: Callable[[bytes], bytes], message: str, packed: Path) -> None:
    first, second, third = lines(packed)
    write_lines(packed, [first, change(second), third])
    with pytest.raises(EbmbenchError, match=message) as caught:
        read_records(packed)
    assert str(packed / PACK) in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-4] + b"\0\0\0\0",
        lambda data: data[:40] + bytes(20) + data[60:],
        lambda data: b"not gzip at all",
    ],
    ids=["cut", "length", "zeros", "other"],
)
def test_damaged_bytes_are_one_sentence(damage: Callable[[bytes], bytes], packed: Path) -> None:
    (packed / PACK).write_bytes(damage((packed / PACK).read_bytes()))
    with pytest.raises(EbmbenchError, match=r"packed records .*records\.jsonl\.gz") as caught:
        read_records(packed)
    assert "cannot be read" in str(caught.value)


def test_an_empty_pack_and_a_line_without_end(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ebmbench.records.pack.LONGEST", 1000)
    with pytest.raises(EbmbenchError, match=r"line 1, cannot be read: more than"):
        read_records(packed)
    write_lines(packed, [])
    with pytest.raises(EbmbenchError, match="holds no record"):
        read_records(packed)


def test_a_record_that_is_there_twice_is_refused(packed: Path, tmp_path: Path) -> None:
    first, *rest = lines(packed)
    write_lines(packed, [first, *rest, first])
    with pytest.raises(EbmbenchError, match=r"line 4 is .* seed 0, as records.jsonl.gz line 1 is"):
        read_records(packed)
    with pytest.raises(EbmbenchError, match=r"line 4 would lie where another one does"):
        unpack(packed, tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("name", ["../../up", "/tmp/up", "a/../../../up"])
def test_no_name_in_a_pack_leads_out_of_the_folder(
    name: str, packed: Path, tmp_path: Path
) -> None:
    evil = [{**stored.content(), "task": name} for stored in iter_stored(packed)]
    hostile = pack(tmp_path / "hostile", evil)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(EbmbenchError, match="line 1 is not valid: key 'task' is"):
        unpack(hostile, tmp_path / "deep" / "er" / "back")
    after = [path for path in sorted(tmp_path.rglob("*")) if "deep" not in path.parts]
    assert after == before


def test_unpacking_writes_over_nothing(loose: Path, packed: Path, tmp_path: Path) -> None:
    with pytest.raises(EbmbenchError, match=r"holds no records\.jsonl\.gz to unpack"):
        unpack(loose, tmp_path / "back")
    with pytest.raises(EbmbenchError, match="is not empty"):
        unpack(packed, loose)
    (tmp_path / "empty").mkdir()
    assert unpack(packed, tmp_path / "empty") == 3


def test_numbers_that_json_has_not_are_refused(packed: Path, tmp_path: Path) -> None:
    first, *_ = lines(packed)
    write_lines(packed, [first.replace(b'"learned_log_z":1e-17', b'"learned_log_z":NaN')])
    with pytest.raises(EbmbenchError, match="no JSON: expected value at line 1 column"):
        next(iter_stored(packed)).content()
