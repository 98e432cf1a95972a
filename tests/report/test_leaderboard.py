"""The leaderboard as a function of records: who is ranked, who is not, and in what words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, Status
from ebmbench.report.stats.boards import Board, Row, make_boards, passes
from ebmbench.report.stats.intervals import mean_interval
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.latex import to_latex
from ebmbench.report.tables.markdown import cell_text, to_csv, to_markdown

Make = Callable[..., Record]
RINGS, MOONS = "2d/rings", "2d/two-moons"


def only(records: list[Record]) -> Board:
    (board,) = make_boards(records).boards
    return board


def rows(records: list[Record]) -> dict[str, Row]:
    return {row.method: row for row in only(records).rows}


def test_a_cell_is_mean_and_interval_over_seeds(make: Make) -> None:
    values = [-2.0, -2.5, -3.0]
    found = rows([make(RINGS, "dsm", k, v) for k, v in enumerate(values)])["dsm"].cells[RINGS]
    expected = mean_interval(values)
    assert found.score == expected
    # Student's t with two degrees of freedom: 4.3027 · 0.5 / √3.
    assert expected.half_width == pytest.approx(1.2421, abs=1e-4)
    assert cell_text(found) == "-2.500 ± 1.2"


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
            make(MOONS, "nce", status=Status.SKIPPED),
            make(RINGS, "nce", 0, -4.0),
        ]
    )
    assert table["dsm"].rank is not None
    assert table["ssm"].rank is None
    assert table["nce"].rank is None


def test_missing_seeds_are_marked(make: Make) -> None:
    records = [make(RINGS, "dsm", k, -3.0) for k in range(3)] + [make(RINGS, "ssm", 0, -2.0)]
    assert cell_text(rows(records)["ssm"].cells[RINGS]) == "-2.000*"


@pytest.mark.parametrize("seeds", [1, 3])
def test_an_interval_over_seeds_takes_two(make: Make, seeds: int) -> None:
    records = [make(RINGS, "gaussian", 0, -3.5, -2.0)]
    for method, value in (("dsm", -3.0), ("ssm", -2.5)):
        records += [make(RINGS, method, k, value + 0.1 * k, -2.0) for k in range(seeds)]
    summary = summarise(only(records))
    assert summary is not None
    found = summary.regret["dsm"]
    if seeds == 1:
        assert found.interval is None
        assert found.iqm == pytest.approx(2 / 3)
    else:
        assert found.interval is not None
        assert found.interval[0] < found.iqm < found.interval[1]


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
    assert "**-3.000**" in text
    assert "-3.900 ↓" in text
    assert "preset smoke" in text


def test_the_same_records_in_any_order_give_the_same_bytes(make: Make) -> None:
    records = [
        make(task, method, seed, -3.0 - seed - 0.1 * k)
        for task in (RINGS, MOONS)
        for k, method in enumerate(("dsm", "ssm", "nce", "gaussian"))
        for seed in range(3)
    ]
    first, second = make_boards(records), make_boards(records[::-1])
    for write in (to_markdown, to_csv, to_latex):
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
    with pytest.raises(EbmbenchError, match="versions 1 and 9 of task '2d/rings'"):
        make_boards([make(RINGS, "ssm", 0, -3.0), newer])
    edited = other.model_copy(
        update={"task_card": other.task_card.model_copy(update={"title": "edited"})}
    )
    with pytest.raises(EbmbenchError, match="different cards of task '2d/rings'"):
        make_boards([make(RINGS, "ssm", 0, -3.0), edited])
    with pytest.raises(EbmbenchError, match="at least one record"):
        make_boards([])


def test_network_passes_count_a_score_twice_and_a_product_four_times(make: Make) -> None:
    cost = make(RINGS, "dsm", 0, -3.0).cost
    assert cost is not None
    assert passes(cost) == 1.0 + 2 * 2.0 + 4 * 0.5


def test_a_method_below_the_gaussian_is_explained(make: Make) -> None:
    sm = make("2d/uneven-mixture", "sm", 0, -3.9)
    moded = sm.metrics["regret"].model_copy(update={"value": 0.4})
    sm = sm.model_copy(update={"metrics": sm.metrics | {"mode_weight_error": moded}})
    boards = make_boards(
        [
            sm,
            make("2d/uneven-mixture", "dsm", 0, -3.8),
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
    run = run.model_copy(update={"curve": [best, falling]})
    gaussian = make("digits/nice", "gaussian", 0, -114.0, optimum=None)
    (note,) = make_boards([run, gaussian]).notes
    assert "× ssm: worse than at its first point, step 1, by 3 nats" in note
