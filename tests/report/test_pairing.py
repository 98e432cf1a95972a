"""Paired against unpaired on a small fixture: the numbers that made the difference plain.

`ica_numbers.csv` holds the log-likelihood and the regret of six methods on seven tasks of
independent components and three seeds, rounded, of the runs published as `2026-11-standard`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ebmbench.records import Record
from ebmbench.report.stats.boards import Board, make_boards
from ebmbench.report.stats.gaps import gaps_left
from ebmbench.report.stats.intervals import interquartile_mean, mean_interval
from ebmbench.report.stats.pairs import differences
from ebmbench.report.stats.targets import cost_to_target, seconds, targets, validation_shifts

Make = Callable[..., Record]
NUMBERS = (Path(__file__).parent / "ica_numbers.csv").read_text(encoding="utf-8")
ROWS = list(csv.DictReader(NUMBERS.splitlines()))
PAIRED = {"gaussian": 1.0, "mle-exact": 0.005, "fastica": 0.003, "nce": 0.300, "ed": 0.090,
          "cd": 0.015}  # fmt: skip
UNPAIRED = {"gaussian": 0.609, "mle-exact": -0.082, "fastica": -0.401, "nce": 1.613, "ed": 1.541,
            "cd": 0.441}  # fmt: skip


@pytest.fixture
def records(make: Make) -> list[Record]:
    return [
        make(row["task"], row["method"], int(row["seed"]), value, value + float(row["regret"]))
        for row in ROWS
        for value in [float(row["log_likelihood"])]
    ]


@pytest.fixture
def board(records: list[Record]) -> Board:
    (found,) = make_boards(records).boards
    return found


def test_paired_the_gaussian_is_one_and_nobody_beats_the_truth(board: Board) -> None:
    found = {method: gap.value for method, gap in gaps_left(board).items()}
    assert found == pytest.approx(PAIRED, abs=6e-4)


def test_means_over_seeds_made_of_the_same_runs_what_was_printed_before(board: Board) -> None:
    """Each seed against the mean truth and the mean Gaussian of all seeds."""
    for method, printed in UNPAIRED.items():
        shares = []
        for task, of_seed in board.outcomes.items():
            truth = np.mean(list(board.truths[task].values()))
            gaussian = np.mean([found["gaussian"].value for found in of_seed.values()])
            shares += [(truth - found[method].value) / (truth - gaussian)
                       for found in of_seed.values()]  # fmt: skip
        assert float(interquartile_mean(shares)) == pytest.approx(printed, abs=6e-4)


def test_pairing_narrows_the_interval_of_a_cell(board: Board) -> None:
    wide, narrow = [], []
    for row in board.rows:
        for task in ("ica/2", "ica/5", "ica/10", "ica/laplace-4"):
            raw, paired = row.raw[task].score, row.cells[task].score
            assert raw is not None
            assert paired is not None
            wide.append(raw.half_width or 0.0)
            narrow.append(paired.half_width or 0.0)
    assert np.median(wide) > 1.0
    assert np.median(narrow) < 0.01


def test_pairs_are_told_apart_that_intervals_of_the_problem_hide(board: Board) -> None:
    gaps = differences(board.outcomes, {}, "ica/20", "cd", b="nce")
    paired = mean_interval([gap.value for gap in gaps.values()])
    scores = {row.method: row.raw["ica/20"].score for row in board.rows}
    one, other = scores["cd"], scores["nce"]
    assert paired.half_width is not None
    assert one is not None
    assert other is not None
    assert abs(one.mean - other.mean) < (one.half_width or 0) + (other.half_width or 0)
    assert paired.mean == pytest.approx(one.mean - other.mean, abs=1e-9)
    assert paired.half_width < 0.2 * (one.half_width or 0)


def test_a_target_is_that_of_the_seed_and_of_the_rows_of_the_curve(records: list[Record]) -> None:
    """The curves of the fixture end 0.04 nats above the headline, as other rows may."""
    (board,) = make_boards(records).boards
    goals = targets(board)
    truth, gaussian = board.truths["ica/5"], board.outcomes["ica/5"]
    for seed, goal in goals["ica/5"].items():
        base = gaussian[seed]["gaussian"].value
        assert goal == pytest.approx(base + 0.9 * (truth[seed] - base))
    shifts = validation_shifts(records)
    assert list(shifts.values()) == pytest.approx([0.04] * len(shifts))
    reached = cost_to_target(records, board, seconds)
    # On the smaller tasks every objective closes nine tenths of the gap in the end ...
    assert all(reached[m][t] == 2.0 for m in reached for t in ("ica/2", "ica/5", "ica/10"))
    # ... and with fifty components none does.
    assert all(reached[m]["ica/50"] == np.inf for m in reached)
