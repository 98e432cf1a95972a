"""``ebmbench study reproduce`` from the command line: verdicts, files, resume, failures."""

import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from click.testing import CliRunner, Result

from ebmbench.cli import app
from ebmbench.errors import EbmbenchError
from ebmbench.numerics import configure
from ebmbench.studies.reproductions.base import make_experiment
from ebmbench.studies.reproductions.card import reproductions
from ebmbench.studies.reproductions.run import read_cells, run_cells


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False, standalone_mode=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproductions")
    done = call(
        "study",
        "reproduce",
        "tutorial-claims",
        "--preset",
        "smoke",
        "--jobs",
        "1",
        "--out",
        str(folder),
    )
    assert "claims reproduced" in done.output
    return folder


def test_the_page_says_what_was_published_and_what_came_out(out: Path) -> None:
    page = (out / "tutorial-claims" / "verdicts.md").read_text()
    assert "| CD-10: fitted θ is below that of likelihood | 0.333333 | 0.2" in page
    assert "not run at this preset" in page
    assert "**Departures.**" in page
    assert (out / "tutorial-claims" / "figure.png").stat().st_size > 10_000
    assert "tutorial-claims/verdicts.md" in (out / "README.md").read_text()


def test_finished_cells_are_not_computed_again(out: Path) -> None:
    cells = sorted((out / "tutorial-claims" / "cells").glob("*.json"))
    before = {path: path.stat().st_mtime_ns for path in cells}
    cells[0].unlink()
    card = reproductions()["tutorial-claims"]
    assert run_cells(card, "smoke", out / "tutorial-claims", 1) == []
    after = {path: path.stat().st_mtime_ns for path in cells}
    assert [path for path in cells if before[path] != after[path]] == [cells[0]]


def test_a_cell_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    card = reproductions()["song2019-dkef"]
    values = card.presets.smoke | {"tasks": ["uci/nowhere", "uci/wine"], "steps": 2}
    card = card.model_copy(update={"presets": card.presets.model_copy(update={"smoke": values})})
    failed = run_cells(card, "smoke", tmp_path, 1)
    assert len(failed) == 4
    assert all("unknown task 'uci/nowhere'" in words for words in failed)
    assert set(read_cells(card, "smoke", tmp_path)["task"]) == {"uci/wine"}


def test_killing_the_command_ends_its_workers(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "ebmbench", "study", "reproduce", "gutmann2012-ica"]
    command = subprocess.Popen(
        [*program, "--jobs", "1", "--preset", "full", "--out", str(tmp_path)]
    )
    cells = tmp_path / "gutmann2012-ica" / "cells"
    deadline = time.monotonic() + 120
    while not (cells.is_dir() and list(cells.glob("*.json"))):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    workers = psutil.Process(command.pid).children(recursive=True)
    assert workers
    command.kill()
    command.wait()
    gone, alive = psutil.wait_procs(workers, timeout=20)
    assert gone
    assert alive == []


TINY: dict[str, dict[str, Any]] = {
    "gutmann2012-ica": {"rows": [100], "problems": 1, "ratios": [1.0], "cost_rows": 50},
    "grathwohl2020-ica": {"dims": [3], "steps": 3},
    "schroder2023-25gaussians": {"steps": 3},
    "song2019-nice": {"steps": [2], "traces": 8},
    # A table that scikit-learn carries: what is tried is the code, not the wine files.
    "song2019-dkef": {"steps": 2, "tasks": ["uci/wine"]},
    "yu2020-febm": {"steps": 3},
}


@pytest.mark.parametrize("name", list(TINY))
def test_every_experiment_measures_and_draws(name: str, tmp_path: Path) -> None:
    card = reproductions()[name]
    smoke = card.presets.smoke | TINY[name]
    card = card.model_copy(update={"presets": card.presets.model_copy(update={"smoke": smoke})})
    experiment = make_experiment(card, "smoke")
    configure(threads=1)
    table = pd.DataFrame([cell | experiment.run(cell) for cell in experiment.cells()])
    measured = experiment.measure(table)
    assert measured
    assert all(math.isfinite(each.value) for each in measured.values())
    experiment.draw(table).savefig(tmp_path / "figure.png")


def test_every_experiment_is_tried() -> None:
    assert {*TINY, "tutorial-claims"} == set(reproductions())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["gutman2012-ica"], "did you mean 'gutmann2012-ica'"),
        (["all", "--jobs", "0"], "--jobs is 0, allowed: 1 to"),
    ],
)
def test_bad_requests_are_refused_in_a_sentence(arguments: list[str], complaint: str) -> None:
    with pytest.raises(EbmbenchError, match=complaint):
        call("study", "reproduce", *arguments)
