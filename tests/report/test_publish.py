"""Publishing: whole, small, the same bytes again, and nothing of others is touched."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ebmbench.cli import app
from ebmbench.errors import EbmbenchError
from ebmbench.harness.job import requested_id
from ebmbench.records import (
    PACK,
    Record,
    Status,
    iter_stored,
    pack_bytes,
    read_records,
    to_json,
)
from ebmbench.report.audit import find_problems
from ebmbench.report.publish import OURS, publish
from ebmbench.report.stats.rows import ROWS, moments
from ebmbench.report.write import table_texts


def call(*arguments: object) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, words, catch_exceptions=False, standalone_mode=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publish") / "grid"
    done = call(
        "run", "--methods", "dsm,gaussian", "--tasks", "2d/two-moons", "--preset", "smoke",
        "--steps", "3", "--quiet", "--out", folder,
    )  # fmt: skip
    assert done.return_value == 0
    return folder


@pytest.fixture(scope="module")
def light(out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder published without weights; not to be written to."""
    to = tmp_path_factory.mktemp("published") / "light"
    publish(out, to)
    return to


@pytest.fixture
def copied(light: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(light, tmp_path / "light"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_published_folder_is_whole_small_and_without_weights(out: Path, tmp_path: Path) -> None:
    to = tmp_path / "results" / "first"
    written = publish(out, to)
    assert find_problems(to, requested_id) == []
    tables = set(table_texts(read_records(out)))
    assert set(contents(to)) >= tables | {"README.md", PACK, "croissant.json", "results.parquet"}
    assert not (to / "runs").exists()
    assert not (to / "site").exists()
    assert all(record.weights is None for record in read_records(to))
    assert written.records == 2
    assert sum(written.sizes.values()) == sum(map(len, contents(to).values()))
    page = (to / "README.md").read_text()
    assert "2 runs (2 ok): 1 tasks × 2 methods, seeds 0, preset smoke" in page
    assert "torch 2.13" in page


def test_pairs_outlive_the_rows_they_were_made_of(out: Path, light: Path) -> None:
    loose = table_texts(read_records(out), moments(read_records(out), out))
    packed = read_records(light)
    assert (light / ROWS).is_file()
    assert not (light / "runs").exists()
    assert table_texts(packed, moments(packed, light)) == loose | {
        "results.csv": table_texts(packed)["results.csv"]
    }
    assert loose["pairs.csv"] != table_texts(packed)["pairs.csv"]


def test_a_record_changes_in_nothing_but_the_files_that_are_left_out(
    out: Path, light: Path
) -> None:
    before = [stored.content() for stored in iter_stored(out)]
    after = [stored.content() for stored in iter_stored(light)]
    for old, new in zip(before, after, strict=True):
        assert old["weights"] is not None
        assert new == old | {"weights": None, "rows": None, "files": {}}


def test_every_table_of_the_report_may_be_in_a_published_folder(out: Path) -> None:
    assert set(table_texts(read_records(out))) <= set(OURS)


def test_publishing_again_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    publish(out, tmp_path / "a" / "name")
    publish(out, tmp_path / "b" / "name")
    first = contents(tmp_path / "a" / "name")
    assert first == contents(tmp_path / "b" / "name")
    publish(out, tmp_path / "a" / "name")
    assert first == contents(tmp_path / "a" / "name")
    publish(tmp_path / "a" / "name", tmp_path / "a" / "name")
    assert first == contents(tmp_path / "a" / "name")


def test_weights_go_along_if_asked_and_can_be_scored(out: Path, tmp_path: Path) -> None:
    heavy = tmp_path / "heavy"
    publish(out, heavy, weights=True)
    assert len(list(heavy.rglob("*.safetensors"))) == 2
    assert not list(heavy.rglob("seed-*.json"))
    assert find_problems(heavy, requested_id) == []
    assert call("check", heavy, "--rescore").return_value == 0
    before = contents(heavy)
    assert "2d/two-moons × dsm seed 0: scored" in call("score", heavy).output
    assert contents(heavy) == before
    spoiled = [record.model_copy(update={"metrics": {}}) for record in read_records(heavy)]
    (heavy / PACK).write_bytes(pack_bytes(json.loads(to_json(record)) for record in spoiled))
    call("score", heavy)
    assert contents(heavy) == before
    publish(heavy, heavy)
    assert contents(heavy) == before


def test_scoring_without_weights_says_what_it_needs(light: Path) -> None:
    with pytest.raises(EbmbenchError, match="published without weights, and scoring again needs"):
        call("score", light)


def test_the_other_verbs_read_a_pack(light: Path, out: Path, copied: Path) -> None:
    done = call("compare", light, out)
    assert done.return_value == 0
    assert "same" in done.output
    call("report", copied)
    assert (copied / "site" / "index.html").is_file()
    assert call("check", copied).return_value == 0
    with pytest.raises(EbmbenchError, match="is a published one, whose records are packed"):
        call("run", "--methods", "gaussian", "--tasks", "2d/two-moons", "--preset", "smoke",
             "--out", copied)  # fmt: skip
    assert not (copied / "runs").exists()


def test_unpacking_gives_a_folder_that_is_whole_again(light: Path, tmp_path: Path) -> None:
    back = tmp_path / "back"
    assert (
        f"2 records unpacked to {back}" in call("publish", "--unpack", light, "--to", back).output
    )
    call("report", back, "--no-site")
    assert call("check", back).return_value == 0
    assert read_records(back) == read_records(light)
    with pytest.raises(EbmbenchError, match="leave out --weights"):
        call("publish", "--unpack", "--weights", light, "--to", tmp_path / "x")


def test_pictures_are_those_asked_for_and_outlive_their_weights(out: Path, tmp_path: Path) -> None:
    to = tmp_path / "shown"
    publish(out, to, pictures=["2d-*"])
    assert [path.name for path in (to / "figures").iterdir()] == ["2d-two-moons.png"]
    assert "![2d-two-moons.png](figures/2d-two-moons.png)" in (to / "README.md").read_text()
    before = contents(to)
    publish(to, to, pictures=["2d-two-moons"])
    assert contents(to) == before
    with pytest.raises(EbmbenchError, match="there is no picture '2d-two-moon'; did you mean"):
        publish(out, to, pictures=["2d-two-moon"])
    assert contents(to) == before


def test_a_folder_with_anything_else_is_left_alone(out: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(EbmbenchError, match=r"holds 'thesis.tex', which publishing does not"):
        publish(out, tmp_path)
    with pytest.raises(EbmbenchError, match="is the folder itself"):
        publish(out, out)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_without_pyarrow_one_sentence_says_what_to_install(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(EbmbenchError, match=r"pip install 'ebmbench\[publish\]'"):
        publish(out, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_the_verb_states_the_size(out: Path, tmp_path: Path) -> None:
    done = call("publish", out, "--to", tmp_path / "x")
    assert "2 records published to" in done.output
    assert f"{PACK} " in done.output


Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            lambda found: [found[0], *found],
            "line 2: holds 2d/two-moons × dsm seed 0, as an earlier",
        ),
        (lambda found: found[::-1], "line 2: holds 2d/two-moons × dsm seed 0, out of the order"),
        (lambda found: [found[0] | {"run_id": "0" * 16}, found[1]], "line 1: run_id is not the"),
        (lambda found: [found[0] | {"seed": 1}, found[1]], "line 1: run_id is not the"),
        (lambda found: [found[0] | {"weights": "w.safetensors"}, found[1]], "line 1: the weights"),
        (lambda found: [found[0] | {"cost": None}, found[1]], "line 1: is ok but says no cost"),
        (
            lambda found: [found[0] | {"status": Status.FAILED}, found[1]],
            "line 1: is failed but says no reason",
        ),
        (
            lambda found: [found[0], found[1] | {"method_card": found[0]["method_card"]}],
            "line 2: names method gaussian",
        ),
    ],
)
def test_what_is_wrong_with_a_packed_record_is_told(
    change: Change, problem: str, copied: Path
) -> None:
    found = [stored.content() for stored in iter_stored(copied)]
    lines = [json.dumps(each).encode() + b"\n" for each in change(found)]
    (copied / PACK).write_bytes(gzip.compress(b"".join(lines)))
    problems = find_problems(copied, requested_id)
    assert any(f"{PACK} {problem}" in text for text in problems), problems


def test_a_pack_with_other_numbers_a_table_and_a_cut_file_are_told(copied: Path) -> None:
    (copied / "results.parquet").write_bytes(b"other")
    assert find_problems(copied, requested_id) == [
        "results.parquet is not the file that croissant.json lists; `ebmbench publish` writes both"
    ]
    (copied / "results.parquet").unlink()
    assert "results.parquet stands in" in find_problems(copied, requested_id)[0]
    data = (copied / PACK).read_bytes()
    (copied / PACK).write_bytes(data[:-30])
    assert "cannot be read" in find_problems(copied, requested_id)[0]
    (copied / PACK).write_bytes(data)
    found = [stored.content() for stored in iter_stored(copied)]
    found[0]["metrics"]["log_likelihood"]["value"] += 1.0
    (copied / PACK).write_bytes(pack_bytes(found))
    assert any("results.csv is not what" in text for text in find_problems(copied, requested_id))


def test_an_identity_of_the_day_of_the_run_stands_when_cards_gain_fields(
    light: Path, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def as_of_a_later_version(record: Record) -> str:
        return f"later {record.run_id}"

    monkeypatch.setattr("ebmbench.report.audit.card_hash", lambda card: "later")
    assert find_problems(light, as_of_a_later_version) == []
    found = [stored.content() for stored in iter_stored(copied)]
    found[0]["method_card"]["hyperparameters"]["sigma"] = 0.123
    (copied / PACK).write_bytes(pack_bytes(found))
    problems = find_problems(copied, as_of_a_later_version)
    assert any("line 1: the hash of the method card" in text for text in problems)
    assert any("line 1: run_id is not" in text for text in problems)
