"""`ebmbench tune` as it is typed: what is packed, written beside it, and taken up elsewhere."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from ebmbench.cli.tune_verb import command
from ebmbench.records import PACK, read_records

WORDS = ["--methods", "dsm", "--tasks", "ica/2", "--preset", "smoke", "--jobs", "1"]


def tune(out: Path, *more: str) -> str:
    words = [*WORDS, "--trials", "4", "--seeds", "1", "--out", str(out), *more]
    result = CliRunner().invoke(command, words, standalone_mode=False)
    assert result.exception is None, result.output
    return result.output


def test_a_search_is_packed_and_goes_on_elsewhere(tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    first = tune(tmp_path / "here", "--packed", str(packed))
    assert "dsm" in first
    assert sorted(path.parent.name for path in packed.rglob(PACK)) == [
        "rung-1",
        "rung-2",
        "rung-3",
    ]
    assert (packed / "ica" / "tuned.md").is_file()
    assert not (tmp_path / "here" / "ica" / "tuned.md").exists()
    started = {record.started for record in read_records(packed / "ica" / "rung-1")}
    tune(tmp_path / "there", "--packed", str(packed))
    again = read_records(tmp_path / "there" / "ica" / "rung-1")
    assert {record.started for record in again} == started


def test_a_method_without_an_objective_is_refused(tmp_path: Path) -> None:
    words = ["--methods", "gaussian", "--tasks", "ica/2", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(command, words, standalone_mode=False)
    assert "none of them has an objective" in str(result.exception)
    assert not (tmp_path / "out").exists()
