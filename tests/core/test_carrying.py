"""Work that is carried between machines in packs: nothing is lost, and what is done stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.records import PACK, Record, carried, read_records, record_path, to_json

Make = Callable[..., Record]


def put(folder: Path, record: Record) -> None:
    path = record_path(folder, record.task, record.method, record.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(record), encoding="utf-8")


def seeds(folder: Path) -> dict[int, str]:
    return {record.seed: record.message for record in read_records(folder)}


def test_what_is_done_here_and_there_is_packed_together(make_record: Make, tmp_path: Path) -> None:
    there, here, packed = (tmp_path / name for name in ("there", "here", "packed"))
    with carried(there, packed):
        put(there / "family/rung-1", make_record(0, message="there"))
        put(there / "family/rung-1", make_record(1, message="there"))
    put(here / "family/rung-1", make_record(1, message="here"))
    with carried(here, packed):
        assert seeds(here / "family/rung-1") == {0: "there", 1: "here"}
        put(here / "family/rung-2", make_record(2, message="here"))
    assert seeds(packed / "family/rung-1") == {0: "there", 1: "here"}
    assert seeds(packed / "family/rung-2") == {2: "here"}
    assert sorted(packed.rglob("*.gz")) == [
        packed / "family" / name / PACK for name in ("rung-1", "rung-2")
    ]


def test_a_folder_that_holds_records_itself_is_packed_as_it_is(
    make_record: Make, tmp_path: Path
) -> None:
    out, packed = tmp_path / "out", tmp_path / "packed"
    with carried(out, packed):
        put(out, make_record(0))
        put(out, make_record(0, task="runs/runs"))
    assert [path.relative_to(packed) for path in packed.rglob("*.gz")] == [Path(PACK)]
    assert len(read_records(packed)) == 2


def test_what_is_computed_is_kept_when_it_is_stopped(make_record: Make, tmp_path: Path) -> None:
    out, packed = tmp_path / "out", tmp_path / "packed"

    def work() -> None:
        with carried(out, packed):
            put(out / "rung-1", make_record(4))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(seeds(packed / "rung-1")) == [4]


def test_the_same_records_give_the_same_pack(make_record: Make, tmp_path: Path) -> None:
    out, packed = tmp_path / "out", tmp_path / "packed"
    put(out, make_record(0))
    packs = []
    for _ in range(2):
        with carried(out, packed):
            pass
        packs.append((packed / PACK).read_bytes())
    assert packs[0] == packs[1]


def test_without_a_folder_for_packs_none_is_written(make_record: Make, tmp_path: Path) -> None:
    with carried(tmp_path, None):
        put(tmp_path, make_record(0))
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_pack_that_is_not_whole_is_named_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / PACK).write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(EbmbenchError, match="cannot be read"), carried(tmp_path / "out", tmp_path):
        pytest.fail("it ran")
