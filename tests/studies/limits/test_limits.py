"""The study of limits: levels, what is read from records, and where something breaks."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ebmbench import catalog
from ebmbench.cli import app
from ebmbench.harness.build import load_data
from ebmbench.studies.limits.axes import AXES, EQUAL_WEIGHTS, task_at
from ebmbench.studies.limits.grid import COLUMNS, broken, make_limit_jobs, shares
from ebmbench.studies.limits.page import to_markdown

NAN, INF = math.nan, math.inf


def frame_of(axis: str, losses: dict[str, list[float]], gap: float = 1.0) -> pd.DataFrame:
    """Return the frame of one seed from the regrets of methods by level."""
    rows = [
        (axis, level, method, "score matching", 0, "ok", loss, gap, loss / gap, True)
        for method, of_levels in losses.items()
        for level, loss in zip(AXES[axis].levels, of_levels, strict=True)
        if not math.isnan(loss)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_levels_of_an_axis_are_tasks_of_their_own_with_one_network() -> None:
    for axis in AXES.values():
        tasks = [task_at(axis, level) for level in axis.levels]
        assert len({task.name for task in tasks}) == (1 if axis.setting else len(tasks))
        assert len({str(task.energy) for task in tasks}) == 1
        assert len({str(task.budget) for task in tasks}) == 1


def test_the_words_of_the_page_are_no_part_of_a_run() -> None:
    for axis in AXES.values():
        assert axis.words not in task_at(axis, axis.levels[0]).model_dump_json()


def test_the_noise_axis_varies_the_methods_that_have_such_a_noise() -> None:
    methods = catalog.select_methods("nce,dsm")
    gaussian = catalog.methods()["gaussian"]
    jobs = make_limit_jobs([AXES["noise"]], methods, gaussian, seeds=1, preset="smoke")
    found = [job.method for job in jobs]
    assert [card.name for card in found] == ["gaussian"] + [
        f"nce[inflation={level:g}]" for level in AXES["noise"].levels
    ]
    assert [card.hyperparameters["inflation"] for card in found[1:]] == list(AXES["noise"].levels)


@pytest.mark.parametrize(
    ("losses", "level"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], None),
        ([0.1, 0.2, 0.6, 0.7, INF], 0.03),
        ([0.6, 0.7, 0.8, 0.9, 1.0], 0.0),
        ([0.1, 0.9, 0.2, 0.9, 0.9], 0.1),
        ([0.1, 0.9, NAN, NAN, NAN], 0.01),
    ],
)
def test_where_a_method_breaks(losses: list[float], level: float | None) -> None:
    assert broken(frame_of("outliers", {"dsm": losses}), AXES["outliers"]) == {"dsm": level}


def test_modes_apart_are_judged_in_nats_and_not_by_a_gap_that_grows() -> None:
    axis = AXES["separation"]
    lost = [0.4 * EQUAL_WEIGHTS] * 3 + [0.9 * EQUAL_WEIGHTS] * 2
    frame = frame_of("separation", {"sm": lost}, gap=10.0)
    assert shares(frame, axis).to_numpy().max() < 0.02
    assert broken(frame, axis) == {"sm": axis.levels[3]}


def test_the_page_says_never_holds_and_where() -> None:
    losses = {"a": [0.1] * 5, "b": [0.9] * 5, "c": [0.1, 0.1, 0.9, 0.9, INF]}
    page = to_markdown(frame_of("outliers", losses), [AXES["outliers"]], {"cores": "2"}, "now")
    assert "| a | holds |" in page
    assert "| b | never |" in page
    assert "| c | 0.03 |" in page
    assert "| c | 0.1 | 0.1 | 0.9 | 0.9 | failed |" in page


@pytest.mark.slow
def test_the_command_writes_page_table_and_pictures(tmp_path: Path) -> None:
    words = ["study", "limits", "--axes", "outliers,noise", "--methods", "nce,dsm"]
    words += ["--preset", "smoke", "--jobs", "1", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    frame = pd.read_csv(tmp_path / "limits.csv")
    assert set(frame["axis"]) == {"outliers", "noise"}
    assert len(frame) == 2 * 5 + 5
    products = (frame["share"] * frame["gaussian"]).tolist()
    assert products == pytest.approx(frame["regret"].tolist(), rel=1e-4)
    for name in ("limits.md", "limits-outliers.png", "limits-noise.png"):
        assert (tmp_path / name).is_file()


def test_an_unknown_axis_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app, ["study", "limits", "--axes", "separatoin", "--out", str(tmp_path)]
    )
    assert "unknown axis 'separatoin'" in str(done.exception)


def test_outliers_of_none_are_the_clean_rows() -> None:
    data = load_data(task_at(AXES["outliers"], 0.0), 0, None)
    clean = load_data(catalog.tasks()["2d/rings"], 0, None)
    assert data.train.equal(clean.train)
