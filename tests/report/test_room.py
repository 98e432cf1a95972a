"""Tasks without room for a difference: no objective is ranked on them, and it is said."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from ebmbench.records import Record
from ebmbench.report.stats.boards import make_boards
from ebmbench.report.stats.room import Room
from ebmbench.report.stats.rows import of_rows
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.markdown import to_markdown
from ebmbench.report.tables.verdict import verdict_of
from ebmbench.report.tables.words import rank_text

Make = Callable[..., Record]
ROOMY, FLAT = "uci/wine", "uci/banknote"
WOBBLE = (-0.01, 0.0, 0.01)


def runs(make: Make, task: str, **gains: float) -> list[Record]:
    """Three seeds whose rows lie nats apart; `dsm` and `nce` wobble by a hundredth."""
    return [
        make(task, method.replace("_", "-"), seed, -10.0 - 3 * seed + gain + wobble, optimum=None)
        for seed in range(3)
        for method, gain in {"gaussian": 0.0, **gains}.items()
        for wobble in [{"dsm": WOBBLE[seed], "nce": -WOBBLE[seed]}.get(method, 0.0)]
    ]


ERROR = 0.01 / math.sqrt(3)


# Dsm and nce differ by twice as much as each from the Gaussian: 1, 1.5 and 1.5 in the median.
@pytest.mark.parametrize(("gain", "enough"), [(14.9 * ERROR, False), (15.1 * ERROR, True)])
def test_ten_errors_of_a_difference_are_room(make: Make, gain: float, enough: bool) -> None:
    [board] = make_boards(runs(make, FLAT, dsm=0.01, nce=gain, cnce=-5.0)).boards
    room = board.rooms[FLAT]
    assert (room.gap, room.error) == pytest.approx((gain, 1.5 * ERROR), rel=1e-6)
    assert (room.best, room.enough) == ("nce", enough)
    assert bool(board.ranked) is enough


def test_a_third_of_the_objectives_does_not_make_the_error_large(make: Make) -> None:
    """They are in 18 of the 28 pairs, so that the median of all pairs would be theirs."""
    steady = {"nce": 0.7, "ed": 0.7, "cd": 0.69, "cnce": 0.68}
    wild = {"sm": 0.6, "ssm": 0.5, "dsm": 0.4}
    records = [
        make(ROOMY, method, seed, -10.0 + gain + (20 if method in wild else 1) * WOBBLE[seed] * k)
        for seed in range(3)
        for k, (method, gain) in enumerate({"gaussian": 0.0, **steady, **wild}.items())
    ]
    room = make_boards(records).boards[0].rooms[ROOMY]
    assert room.error < 10 * ERROR
    assert room.enough


def test_who_is_far_below_does_not_make_the_error_large(make: Make) -> None:
    wild = [
        make("ica/50", method, seed, -30.0 - 20 * wobble * seed, optimum=-25.0)
        for seed in range(3)
        for method, wobble in (("dsm", 1.0), ("nce", 2.0), ("cnce", 3.0))
    ]
    steady = [
        make("ica/50", method, seed, value + 0.01 * seed, optimum=-25.0)
        for seed in range(3)
        for method, value in (("gaussian", -25.7), ("sm", -25.72))
    ]
    room = make_boards(wild + steady).boards[0].rooms["ica/50"]
    assert room.gap == pytest.approx(0.69)
    assert room.error < 1e-6


def test_ranks_are_those_of_the_tasks_with_room(make: Make) -> None:
    roomy = runs(make, ROOMY, dsm=2.0, nce=1.0, cnce=0.5)
    flat = runs(make, FLAT, dsm=0.001, nce=0.002, cnce=-2.0)
    alone, both = (make_boards(records).boards[0] for records in (roomy, roomy + flat))
    assert both.ranked_tasks == [ROOMY]
    assert [(r.method, r.rank) for r in both.ranked] == [(r.method, r.rank) for r in alone.ranked]
    summary = summarise(both)
    assert summary is not None
    assert summary.tasks == [ROOMY]
    assert "on 1 task" in verdict_of(both).leader
    page = to_markdown(make_boards(roomy + flat))
    assert "| banknote, not ranked |" in page
    assert "banknote (the best, nce, is 0.002 nats above it, the error" in page


def test_a_board_without_room_ranks_nobody(make: Make) -> None:
    [board] = make_boards(runs(make, FLAT, dsm=0.0, nce=-0.2, cnce=-5.0)).boards
    assert summarise(board) is None
    assert {rank_text(row) for row in board.rows if not row.kind} == {"no task"}
    assert "none is ranked" in verdict_of(board).leader


def test_the_truth_is_the_best_where_it_is_known(make: Make) -> None:
    records = [
        make("2d/rings", method, seed, value + WOBBLE[seed] * (method == "dsm"), optimum=-2.0)
        for seed in range(3)
        for method, value in (("gaussian", -2.5), ("dsm", -2.4), ("nce", -2.45))
    ]
    room = make_boards(records).boards[0].rooms["2d/rings"]
    assert (room.best, room.gap) == ("", pytest.approx(0.5))


def test_an_oracle_is_before_all_others(make: Make) -> None:
    records = [
        make("ica/5", method, seed, value + WOBBLE[seed] * (method == "dsm"), optimum=None)
        for seed in range(3)
        for method, value in (
            ("gaussian", -9.0), ("dsm", -8.7), ("nce", -8.6), ("mle-exact", -8.8)
        )
    ]  # fmt: skip
    room = make_boards(records).boards[0].rooms["ica/5"]
    assert (room.best, room.gap) == ("mle-exact", pytest.approx(0.2))


def test_of_one_seed_the_rows_give_the_error(make: Make) -> None:
    rng = np.random.default_rng(0)
    rows = {m: rng.standard_normal(400) for m in ("dsm", "nce", "gaussian")}
    records = [make(FLAT, m, 0, v, optimum=None) for m, v in (("dsm", -9.0), ("nce", -9.2),
                                                             ("gaussian", -9.5))]  # fmt: skip
    [board] = make_boards(records).boards
    assert not board.rooms
    assert board.ranked_tasks == [FLAT]
    found = of_rows(rows)
    assert found is not None
    [board] = make_boards(records, {(FLAT, 0): found}).boards
    own = [np.median([(rows[a] - rows[b]).std(ddof=1) / 20 for b in rows if b != a]) for a in rows]
    assert board.rooms[FLAT].error == pytest.approx(np.median(own), rel=1e-6)
    assert board.rooms[FLAT].gap == pytest.approx(0.5)


def test_brackets_count_as_error(make: Make) -> None:
    def value(seed: int, width: float) -> list[Record]:
        return [
            make(FLAT, "dsm", seed, -9.0, optimum=None, upper=-9.0 + width),
            make(FLAT, "nce", seed, -9.0, optimum=None, upper=-9.0 + width),
            make(FLAT, "gaussian", seed, -12.0, optimum=None),
        ]

    for width in (0.0, 0.6):
        records = [record for seed in range(2) for record in value(seed, width)]
        room = make_boards(records).boards[0].rooms[FLAT]
        assert room.error == pytest.approx(1.5 * width / math.sqrt(12))


def test_without_a_gaussian_nothing_is_known(make: Make) -> None:
    records = [r for r in runs(make, FLAT, dsm=0.0, nce=0.0) if r.method != "gaussian"]
    [board] = make_boards(records).boards
    assert not board.rooms
    assert len(board.ranked) == 2


def test_nobody_above_the_gaussian_leaves_the_room_of_the_truth(make: Make) -> None:
    records = [
        make("ica/50", method, seed, value * (1 + seed), optimum=-25.0)
        for seed in range(3)
        for method, value in (("gaussian", -26.0), ("dsm", -36.0), ("nce", -109.0))
    ]
    room = make_boards(records).boards[0].rooms["ica/50"]
    assert (room.best, room.gap, room.error, room.enough) == ("", 27.0, 0.0, True)


def test_no_gap_is_no_room() -> None:
    assert Room(0.1, "nce", 0.0).enough
    assert not Room(0.0, "nce", 0.0).enough
