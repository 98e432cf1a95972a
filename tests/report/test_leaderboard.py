"""The leaderboard as a function of records: who is ranked, who is not, and in what words."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.records import Curve, Record, Status
from ebmbench.report.stats.boards import Board, Measure, Row, make_boards
from ebmbench.report.stats.intervals import mean_interval
from ebmbench.report.stats.rows import RowMoments
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.csv_tables import summary_csv, to_csv
from ebmbench.report.tables.latex import to_latex
from ebmbench.report.tables.markdown import to_markdown
from ebmbench.report.tables.words import cell_text, marked_text, rank_text
from tests.untuned import untuned

Make = Callable[..., Record]
RINGS, MOONS, WINE = "2d/rings", "2d/two-moons", "uci/wine"


def only(records: list[Record]) -> Board:
    (board,) = make_boards(records).boards
    return board


def rows(records: list[Record]) -> dict[str, Row]:
    return {row.method: row for row in only(records).rows}


def test_a_cell_is_the_regret_of_each_seed_against_its_own_truth(make: Make) -> None:
    """The rows of the seeds differ by nats; what is lost to the truth hardly does."""
    truths, losses = [-2.0, -5.0, -9.0], [0.1, 0.3, 0.2]
    cell = rows(
        [
            make(RINGS, "dsm", k, t - x, t)
            for k, (t, x) in enumerate(zip(truths, losses, strict=True))
        ]
    )["dsm"].cells[RINGS]
    assert cell.score is not None
    expected = mean_interval(losses)
    assert cell.score.mean == pytest.approx(0.2)
    # Student's t with two degrees of freedom: 4.3027 · 0.1 / √3.
    assert cell.score.half_width == pytest.approx(expected.half_width)
    assert expected.half_width == pytest.approx(0.2484, abs=1e-4)
    assert cell_text(cell) == "0.200 ± 0.25"


def test_without_a_truth_a_cell_is_the_gain_on_the_gaussian_of_the_same_seed(make: Make) -> None:
    values, gaussians = [-3.0, -6.5, -1.0], [-4.0, -7.0, -2.5]
    records = [make(WINE, "dsm", k, v, optimum=None) for k, v in enumerate(values)]
    board = only(records)
    assert board.measures[WINE] is Measure.RAW
    assert cell_text(board.rows[0].cells[WINE], raw=True).startswith("-3.500 ± ")
    records += [make(WINE, "gaussian", k, v, optimum=None) for k, v in enumerate(gaussians)]
    board = only(records)
    assert board.measures[WINE] is Measure.GAIN
    dsm, gaussian = board.rows
    assert dsm.cells[WINE].score == mean_interval([1.0, 0.5, 1.5])
    assert gaussian.cells[WINE].score == mean_interval([0.0] * 3)
    assert dsm.raw[WINE].score == mean_interval(values)
    assert "-3.500" in marked_text(board, dsm, WINE, raw=True)
    assert "1.000" in marked_text(board, dsm, WINE)


def test_of_one_seed_the_interval_is_over_rows(make: Make) -> None:
    (row,) = rows([make(RINGS, "dsm", 0, -2.5, -2.0, regret_stderr=0.01)]).values()
    assert cell_text(row.cells[RINGS]) == "0.500 ± 0.02"
    records = [make(WINE, m, 0, v, optimum=None) for m, v in (("dsm", -3.0), ("gaussian", -4.0))]
    known = RowMoments(("dsm", "gaussian"), 100, (0.0, 0.0), ((0.0, 4.0), (4.0, 0.0)))
    (board,) = make_boards(records, {(WINE, 0): known}).boards
    assert cell_text(board.rows[0].cells[WINE]) == "1.000 ± 0.39"
    assert cell_text(only(records).rows[0].cells[WINE]) == "1.000"


def test_a_refused_number_shows_its_bracket_and_shares_ranks(make: Make) -> None:
    table = rows(
        [
            make(RINGS, "dsm", 0, -3.0),
            make(RINGS, "ssm", 0, -3.5, certified=False, upper=-2.5),
            make(RINGS, "nce", 0, -4.0),
            make(RINGS, "cd", status=Status.FAILED),
        ]
    )
    refused = table["ssm"]
    assert cell_text(refused.cells[RINGS]) == "0.500 to 1.500 ?"
    assert (refused.rank, refused.rank_low, refused.rank_high) == (1.5, 1.0, 2.0)
    assert rank_text(refused) == "1.5 (1.0 to 2.0)"
    assert (table["dsm"].rank, table["nce"].rank, table["cd"].rank) == (1.5, 3.0, 4.0)
    assert cell_text(table["cd"].cells[RINGS]) == "failed"
    assert table["cd"].cells[RINGS].failed
    assert not refused.cells[RINGS].failed


def test_ranks_are_among_objectives_and_failures_are_last(make: Make) -> None:
    table = rows(
        [
            make(RINGS, "dsm", 0, -3.0),
            make(RINGS, "ssm", 0, -2.5),
            make(RINGS, "nce", status=Status.DIVERGED),
            make(RINGS, "mle-exact", 0, -2.1),
            make(RINGS, "gaussian", 0, -9.0),
            make(MOONS, "dsm", 0, -2.2),
            make(MOONS, "ssm", 0, -2.4),
            make(MOONS, "nce", 0, -2.1),
        ]
    )
    assert (table["dsm"].rank, table["ssm"].rank, table["nce"].rank) == (2.0, 2.0, 2.0)
    assert table["mle-exact"].kind == "oracle"
    assert table["gaussian"].kind == "reference"
    assert table["gaussian"].rank is None
    assert table["nce"].cells[RINGS].score is None
    assert cell_text(table["nce"].cells[RINGS]) == "diverged"
    assert next(iter(table)) == "mle-exact"
    assert list(table)[-1] == "gaussian"


def test_one_failed_seed_takes_the_mean_away(make: Make) -> None:
    cell = rows(
        [
            make(RINGS, "dsm", 0, -3.0),
            make(RINGS, "dsm", 1, status=Status.TIMEOUT),
            make(RINGS, "ssm", 0, -3.0),
            make(RINGS, "ssm", 1, -3.0, certified=False),
        ]
    )
    assert cell_text(cell["dsm"].cells[RINGS]) == "timeout 1/2"
    assert cell_text(cell["ssm"].cells[RINGS]) == "refused 1/2"


def test_a_method_with_a_task_missing_gets_no_rank(make: Make) -> None:
    table = rows(
        [
            make(RINGS, "dsm", 0, -3.0),
            make(MOONS, "dsm", 0, -3.0),
            make(RINGS, "ssm", 0, -2.0),
            make(RINGS, "nce", 0, -4.0),
            make(MOONS, "nce", 0, -4.0),
        ]
    )
    assert table["dsm"].rank is not None
    assert table["ssm"].rank is None
    assert rank_text(table["ssm"]) == "incomplete"
    assert table["nce"].rank == 2.0


def test_missing_seeds_are_marked(make: Make) -> None:
    records = [make(RINGS, "dsm", k, -3.0) for k in range(3)] + [make(RINGS, "ssm", 0, -2.0)]
    assert cell_text(rows(records)["ssm"].cells[RINGS]) == "0.000*"


@pytest.mark.parametrize("seeds", [1, 3])
def test_the_gap_left_is_paired(make: Make, seeds: int) -> None:
    """Truth and Gaussian move by nats between seeds; the share that is left does not."""
    records = []
    for k in range(seeds):
        truth, gaussian = -2.0 - 3 * k, -4.0 - 4 * k
        shares = {"dsm": 0.5, "ssm": 0.25, "gaussian": 1.0}
        records += [make(RINGS, m, k, truth + x * (gaussian - truth), truth)
                    for m, x in shares.items()]  # fmt: skip
    summary = summarise(only(records))
    assert summary is not None
    for method, share in (("dsm", 0.5), ("ssm", 0.25), ("gaussian", 1.0)):
        found = summary.gap_left[method]
        assert found.value == pytest.approx(share)
        assert found.interval == (None if seeds == 1 else pytest.approx((share, share)))


def test_a_failure_is_not_hidden_by_the_mean(make: Make) -> None:
    tasks = [RINGS, MOONS, "2d/pinwheel", "2d/swiss-roll", "2d/checkerboard"]
    records = [make(t, m, 0, -2.1 - 0.1 * k) for t in tasks for k, m in enumerate(("dsm", "ssm"))]
    records += [make(t, "gaussian", 0, -4.0) for t in tasks]
    records[1] = make(RINGS, "ssm", status=Status.DIVERGED)
    summary = summarise(only(records))
    assert summary is not None
    assert summary.gap_left["ssm"].value == pytest.approx(0.1)
    assert summary.worst["ssm"].nats == math.inf
    assert "failed on rings" in to_markdown(make_boards(records))
    assert summary.worst["dsm"].nats == pytest.approx(0.1)


def test_the_truth_is_likelihood_plus_regret(make: Make) -> None:
    board = only([make(RINGS, "dsm", 0, -3.0, optimum=-2.8), make(RINGS, "ssm", 0, -3.5, -2.8)])
    assert board.optimum[RINGS] == pytest.approx(-2.8)


def test_below_the_gaussian_is_marked_and_best_is_bold(make: Make) -> None:
    text = to_markdown(
        make_boards(
            [
                make(RINGS, "dsm", 0, -3.0),
                make(RINGS, "cd", 0, -3.9),
                make(RINGS, "gaussian", 0, -3.5),
            ]
        )
    )
    assert "| **1.000** |" in text
    assert "| 1.900 ↓ |" in text
    assert "preset smoke" in text


def test_the_same_records_in_any_order_give_the_same_bytes(make: Make) -> None:
    records = [
        make(task, method, seed, -3.0 - seed - 0.1 * k)
        for task in (RINGS, MOONS)
        for k, method in enumerate(("dsm", "ssm", "nce", "gaussian"))
        for seed in range(3)
    ]
    first, second = make_boards(records), make_boards(records[::-1])
    for write in (to_markdown, to_csv, to_latex, summary_csv):
        assert write(first) == write(second)
    assert to_latex(first).count(r"\begin{table}") == 1


def test_reasons_are_grouped(make: Make) -> None:
    boards = make_boards(
        [
            make(RINGS, "dsm", 0, -3.0),
            make("ica/laplace-4", "sm", status=Status.SKIPPED, message="not smooth"),
            make("ica/laplace-10", "sm", status=Status.SKIPPED, message="not smooth"),
            make(
                RINGS, "ssm", status=Status.DIVERGED, message="the loss is not finite by step 12"
            ),
            make(RINGS, "nce", status=Status.DIVERGED, message="the loss is not finite by step 7"),
        ]
    )
    assert boards.notes == [
        "diverged: 2d/rings × nce, ssm: the loss is not finite by step 7 to 12",
        "skipped: ica/laplace-10, ica/laplace-4 × sm: not smooth",
    ]


def test_a_table_never_mixes(make: Make) -> None:
    with pytest.raises(EbmbenchError, match="mix the presets full and smoke"):
        make_boards([make(RINGS, "dsm", 0, -3.0), make(RINGS, "dsm", 1, -3.0, preset="full")])
    other = make(RINGS, "dsm", 1, -3.0)
    newer = other.model_copy(
        update={"task_card": other.task_card.model_copy(update={"version": 9})}
    )
    with pytest.raises(EbmbenchError, match=r"versions \d and 9 of task '2d/rings'"):
        make_boards([make(RINGS, "ssm", 0, -3.0), newer])
    edited = other.model_copy(
        update={"task_card": other.task_card.model_copy(update={"title": "edited"})}
    )
    with pytest.raises(EbmbenchError, match="different cards of task '2d/rings'"):
        make_boards([make(RINGS, "ssm", 0, -3.0), edited])
    with pytest.raises(EbmbenchError, match="at least one record"):
        make_boards([])


def test_a_method_below_the_gaussian_is_explained(make: Make) -> None:
    sm = make("2d/uneven-mixture", "sm", 0, -3.9)
    moded = sm.metrics["regret"].model_copy(update={"value": 0.4})
    sm = sm.model_copy(update={"metrics": sm.metrics | {"mode_weight_error": moded}})
    dsm = make("2d/uneven-mixture", "dsm", 0, -3.8)
    boards = make_boards(
        [
            sm,
            dsm.model_copy(update={"method_card": untuned("dsm")}),
            make("2d/uneven-mixture", "nce", 0, -2.8),
            make("2d/uneven-mixture", "gaussian", 0, -3.5),
        ]
    )
    wrong, biased = sorted(boards.notes, key=lambda note: "× dsm" in note)
    assert wrong.startswith("below the Gaussian: 2d/uneven-mixture × sm: ")
    assert "wrong weights of modes: 40 % of the mass" in wrong
    assert "smoothed by its noise: the optimum of its loss is 0.011 nats below" in biased


def test_a_fall_is_told_from_the_curve(make: Make) -> None:
    run = make("digits/nice", "ssm", 0, -120.0, optimum=None)
    rising, falling = run.curve
    assert falling.log_likelihood is not None
    best = rising.model_copy(update={"log_likelihood": falling.log_likelihood + 3.0})
    run = run.model_copy(update={"curve": Curve([best, falling])})
    gaussian = make("digits/nice", "gaussian", 0, -114.0, optimum=None)
    (note,) = make_boards([run, gaussian]).notes
    assert "× ssm: worse than at its first point, step 1, by 3 nats" in note
