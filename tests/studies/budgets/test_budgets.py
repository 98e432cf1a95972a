"""The study of budgets: where training ends, what longer spoils, and gains at equal cost."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ebmbench import catalog
from ebmbench.cli import app
from ebmbench.studies.budgets.curves import (
    at_equal,
    longer_is_worse,
    mean_ranks,
    where_to_end,
)
from ebmbench.studies.budgets.ladder import COLUMNS, FACTORS, rung_jobs
from ebmbench.studies.budgets.page import to_markdown

INF = math.inf


def frame_of(
    gains: dict[str, list[float]], *, oracle: str = "", per_step: dict[str, float] | None = None
) -> pd.DataFrame:
    """Return the frame of one task and seed whose card has 1600 steps.

    Arguments:
        gains: of every method at the six lengths.
        oracle: the method that is one.
        per_step: network passes of a step by method; 1 where it is not there.
    """
    rows = []
    for method, of_lengths in gains.items():
        for factor, gain in zip(FACTORS, of_lengths, strict=True):
            steps = round(1600 * factor)
            passes = (per_step or {}).get(method, 1.0) * steps
            status = "ok" if math.isfinite(gain) else "failed"
            rows.append(
                ("a/task", "uci", method, method == oracle, 0, factor, steps, passes, passes / 100,
                 False, status, gain, math.isfinite(gain))
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_every_length_is_a_run_of_its_own_on_the_same_rows() -> None:
    task = catalog.tasks()["2d/rings"]
    methods = catalog.select_methods("gaussian,dsm")
    lengths = [rung_jobs([task], methods, f, seeds=2, preset="full") for f in FACTORS]
    steps = [{job.task.budget.full.steps for job in jobs} for jobs in lengths]
    assert steps == [{round(f * task.budget.full.steps)} for f in FACTORS]
    assert len({job.run_id for jobs in lengths for job in jobs}) == 4 * len(FACTORS)
    assert {job.task.name for jobs in lengths for job in jobs} == {"2d/rings"}


@pytest.mark.parametrize(
    ("curve", "steps", "why"),
    [
        ([0.1, 0.5, 0.8, 0.95, 0.98, 0.985], 800, "the next doubling gains 0.03 nats"),
        # A plateau in between is none.
        ([0.1, 0.12, 0.5, 0.9, 0.92, 0.93], 800, "the next doubling gains 0.02 nats"),
        ([0.1, 0.3, 0.5, 0.7, 0.9, 1.1], 3200, "the last doubling still gains 0.2 nats"),
        ([0.5, 0.52, 0.4, 0.3, 0.2, 0.1], 100, "the next doubling gains 0.02 nats"),
        ([0.5, 0.8, 0.4, 0.3, 0.2, 0.1], 200, "the next doubling costs every objective"),
        ([0.5, 0.8, -INF, -INF, -INF, -INF], 200, "the next doubling leaves no model"),
    ],
)
def test_training_ends_after_the_last_doubling_that_gains(
    curve: list[float], steps: int, why: str
) -> None:
    end = where_to_end(frame_of({"dsm": curve}), "a/task", tolerance=0.1)
    assert (end.steps, end.by) == (steps, "dsm")
    assert why in end.why


def test_the_oracle_decides_where_there_is_one() -> None:
    rising, flat = [0.2 * k for k in range(6)], [0.9] * 6
    frame = frame_of({"dsm": flat, "mle-exact": rising}, oracle="mle-exact")
    assert where_to_end(frame, "a/task", tolerance=0.1).steps == 3200
    alone = frame_of({"dsm": flat, "nce": [0.0, 0.95, 0.9, 0.9, 0.9, 0.9]})
    end = where_to_end(alone, "a/task", tolerance=0.04)
    assert (end.steps, end.by) == (200, "nce")


def test_what_gets_worse_is_named_with_its_best_length() -> None:
    frame = frame_of(
        {"good": [0.1, 0.2, 0.3, 0.4, 0.5, 0.49], "bad": [0.1, 0.6, 0.5, 0.4, 0.2, -1.0],
         "lost": [0.1, 0.2, 0.3, 0.4, 0.5, -INF], "never": [-INF] * 6}
    )  # fmt: skip
    found = [
        (each.method, each.steps, each.lost) for each in longer_is_worse(frame, {"a/task": 0.1})
    ]
    assert found == [("lost", 1600, INF), ("bad", 200, pytest.approx(1.6))]


def test_gains_at_equal_cost_lie_between_the_lengths_around_it() -> None:
    # The cheap one ends at 3200 passes; the dear one spends 4 a step, so it has them at 800 steps;
    # the odd one 3, between 800 and 1600 of its steps; the dearest 64, and has never so few.
    line = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    gains = {"cheap": line, "dear": line, "odd": line, "dearest": line}
    frame = frame_of(gains, per_step={"dear": 4.0, "odd": 3.0, "dearest": 64.0})
    equal = at_equal(frame, "passes").loc["a/task"]
    assert equal["spent"] == 3200
    assert equal["cheap"] == pytest.approx(0.5)
    assert equal["dear"] == pytest.approx(0.3)
    assert equal["odd"] == pytest.approx(0.3 + 0.1 * math.log2(4 / 3))
    assert math.isnan(equal["dearest"])
    ranks = mean_ranks(at_equal(frame, "seconds"))
    assert ranks.index.tolist() == ["cheap", "odd", "dear"]


def test_a_failure_beside_the_common_spend_is_one() -> None:
    line = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    lost = [0.0, 0.1, 0.2, 0.3, -INF, -INF]
    frame = frame_of(
        {"cheap": line, "odd": lost, "dear": lost}, per_step={"odd": 3.0, "dear": 4.0}
    )
    equal = at_equal(frame, "passes").loc["a/task"]
    assert equal["odd"] == -INF
    assert equal["dear"] == pytest.approx(0.3)


def test_the_page_says_all_of_it() -> None:
    frame = frame_of(
        {"good": [0.1, 0.2, 0.3, 0.4, 0.5, 0.5], "bad": [0.1, 0.6, 0.5, 0.4, 0.2, -INF]}
    )
    page = to_markdown(frame, {"a/task": 0.1}, {"cores": "2"}, "now")
    assert "| a/task | 0.1 | 200 | 0.125 × | bad | the next doubling" in page
    assert "| a/task | bad | 200 | no model |" in page
    assert "| bad | 0.100 | 0.600 | 0.500 | 0.400 | 0.200 | failed |" in page
    assert "| *spent* | | 3.2e+03 passes |" in page
    assert "1 seed; measured now; cores 2." in page


@pytest.mark.slow
def test_the_command_writes_page_table_and_pictures(tmp_path: Path) -> None:
    words = ["study", "budgets", "--tasks", "ica/2,uci/wine", "--methods", "dsm,mle-exact"]
    words += ["--preset", "smoke", "--jobs", "1", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    frame = pd.read_csv(tmp_path / "budgets.csv")
    # The oracle cannot do the table.
    assert len(frame) == 3 * len(FACTORS)
    assert (frame.groupby(["task", "method"])["passes"].nunique() > 2).all()
    for name in ("budgets.md", "budgets-ica.png", "budgets-uci.png", "x0.0625", "x2"):
        assert (tmp_path / name).exists()
