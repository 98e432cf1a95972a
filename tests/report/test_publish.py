"""Publishing: whole, small, the same bytes again, and nothing of others is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ebmbench.cli import app
from ebmbench.errors import EbmbenchError
from ebmbench.harness.job import requested_id
from ebmbench.records import read_records
from ebmbench.report.audit import find_problems
from ebmbench.report.publish import publish


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publish") / "grid"
    done = CliRunner().invoke(
        app,
        ["run", "--methods", "dsm,gaussian", "--tasks", "2d/two-moons", "--preset", "smoke",
         "--steps", "3", "--quiet", "--out", str(folder)],
        catch_exceptions=False, standalone_mode=False,
    )  # fmt: skip
    assert done.return_value == 0
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_published_folder_is_whole_and_without_weights(out: Path, tmp_path: Path) -> None:
    to = tmp_path / "results" / "first"
    written = publish(out, to)
    assert find_problems(to, requested_id) == []
    assert not list(to.rglob("*.safetensors"))
    assert all(record.weights is None for record in read_records(to))
    assert {"README.md", "leaderboard.md", "site/index.html", "figures/2d-two-moons.png"} <= set(
        contents(to)
    )
    assert written.records == 2
    assert sum(written.sizes.values()) == sum(map(len, contents(to).values()))
    page = (to / "README.md").read_text()
    assert "2 runs (2 ok): 1 tasks × 2 methods, seeds 0, preset smoke" in page
    assert "torch 2.13" in page


def test_publishing_again_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    publish(out, tmp_path / "a" / "name")
    publish(out, tmp_path / "b" / "name")
    first = contents(tmp_path / "a" / "name")
    assert first == contents(tmp_path / "b" / "name")
    publish(out, tmp_path / "a" / "name")
    assert first == contents(tmp_path / "a" / "name")


def test_weights_go_along_if_asked(out: Path, tmp_path: Path) -> None:
    publish(out, tmp_path / "heavy", weights=True)
    assert len(list((tmp_path / "heavy").rglob("*.safetensors"))) == 2
    assert find_problems(tmp_path / "heavy", requested_id) == []


def test_a_folder_with_anything_else_is_left_alone(out: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(EbmbenchError, match=r"holds 'thesis.tex', which publishing does not"):
        publish(out, tmp_path)
    with pytest.raises(EbmbenchError, match="is the folder itself"):
        publish(out, out)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_the_verb_states_the_size(out: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["publish", str(out), "--to", str(tmp_path / "x")], catch_exceptions=False
    )
    assert "2 records published to" in done.output
    assert "MiB" in done.output
