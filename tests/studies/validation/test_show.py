"""The page says what was measured, and says so where a promise is broken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from ebmbench.cli import app
from ebmbench.errors import EbmbenchError
from ebmbench.studies.validation.exchange import Mixing
from ebmbench.studies.validation.findings import Findings
from ebmbench.studies.validation.page import to_markdown
from ebmbench.studies.validation.paths import LAWS, SPACINGS, Gap
from ebmbench.studies.validation.pictures import draw_brackets, draw_errors
from ebmbench.studies.validation.refusals import RefusalOutcome
from ebmbench.studies.validation.trained import TrainedModel
from ebmbench.studies.validation.trials import Row, Trial

WORDS = {"processor": "P", "cores": "2", "torch": "T", "python": "3"}


def findings(error: float, refused: bool) -> Findings:
    trials = tuple(
        Trial(error, 0.01, error - 0.05, error, 0.004, 0.006, k > 0, "too few", 1.5)
        for k in range(3)
    )
    row = Row("gaussian-2", "bdmc", 2, 1.25, 0.1, trials)
    trained = Row("uci/wine-red × dsm", "adaptive", 11, 7.5, 0.5, trials)
    return Findings(
        rows=[row],
        refusals=[RefusalOutcome("a missed mode", "ais", -0.4, "not visited", refused)],
        gaps=[
            Gap("ica-50", law, spacing, count, 8 / count)
            for law in LAWS
            for spacing in SPACINGS
            for count in (16, 32)
        ],
        mixing=[Mixing("mixture-2 separated", "exact", 0.01, None, None, 0.1)],
        trained=[
            TrainedModel(trained, 0.002, 0.31, 4.5),
            TrainedModel(replace(trained, case="mnist/28 × dsm"), None, 0.8, 12.0),
        ],
    )


def test_the_page_of_kept_promises() -> None:
    page = to_markdown(findings(0.01, True), WORDS, "2026-01-01T00:00:00Z")
    assert "Every promise holds" in page
    cells = "| gaussian-2 | 2 | 1.250 | bdmc | 3 | +0.01 | 0.01 | 0.01 | 3/3 | 0.004, 3/3 |"
    assert f"{cells} 3/3 | 3/3 | 0.05 | 0.1 | 2/3 | 1.5 |" in page
    assert "- gaussian-2, bdmc: 1 of 3; too few." in page
    assert "| uci/wine-red × dsm | 11 | 7.500 ± 0.002 | 0.31 | 3 |" in page
    assert "| mnist/28 × dsm | 11 | (7.500) | 0.80 | 3 |" in page
    assert "| ica-50 | wide | 32 | 0.25 | 0.25 | 0.25 |" in page


def test_the_page_of_broken_promises() -> None:
    found = findings(0.5, False)
    page = to_markdown(found, WORDS, "2026-01-01T00:00:00Z")
    assert "Every promise holds" not in page
    assert "- a missed mode, ais: not refused" in page
    assert "| a missed mode | ais | -0.4 | NOT REFUSED | not visited |" in page
    assert "- gaussian-2, bdmc: certified with an error of 0.5 nats" in page


def test_pictures_are_drawn() -> None:
    found = findings(0.01, True)
    assert len(draw_errors(found.rows).axes[0].get_yticklabels()) == 1
    assert len(draw_brackets(found.gaps).axes) == len(LAWS)


@pytest.mark.parametrize(("error", "refused", "status"), [(0.01, True, 0), (0.01, False, 1)])
def test_the_exit_status_tells(
    error: float,
    refused: bool,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def measured(out: Path, workers: int, progress: Callable[[int, int], None]) -> Findings:
        progress(1, 2)
        return findings(error, refused)

    monkeypatch.setattr("ebmbench.studies.validation.measure.measure", measured)
    words = ["study", "validate", "--out", str(tmp_path), "--jobs", "1"]
    done = CliRunner().invoke(app, words, catch_exceptions=False, standalone_mode=False)
    assert done.return_value == status
    assert ("not refused" in done.output) == bool(status)
    assert {path.name for path in tmp_path.iterdir()} == {
        "validation.md",
        "errors.png",
        "brackets.png",
    }


def test_a_number_of_processes_that_is_not_there_is_refused(tmp_path: Path) -> None:
    words = ["study", "validate", "--out", str(tmp_path), "--jobs", "0"]
    with pytest.raises(EbmbenchError, match="--jobs is 0, allowed: 1 to"):
        CliRunner().invoke(app, words, catch_exceptions=False, standalone_mode=False)
