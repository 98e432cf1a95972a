"""Which tasks and which timings may stand side by side."""

from __future__ import annotations

from collections.abc import Callable

from ebmbench.records import Record, Status
from ebmbench.report.stats.boards import Board, make_boards, passes
from ebmbench.report.tables.csv_tables import summary_csv
from ebmbench.report.tables.markdown import to_markdown

Make = Callable[..., Record]
RINGS = "2d/rings"


def only(records: list[Record]) -> Board:
    (board,) = make_boards(records).boards
    return board


def test_a_board_holds_tasks_on_which_the_same_objectives_can_run(make: Make) -> None:
    smooth = [make(t, m, 0, -3.0 - k) for t in ("ica/2", "ica/5")
              for k, m in enumerate(("sm", "cd", "nce"))]  # fmt: skip
    corners = [
        make(t, m, 0, -3.0 - k) for t in ("ica/laplace-4", "ica/laplace-10")
        for k, m in enumerate(("cd", "nce"))
    ] + [make(t, "sm", status=Status.SKIPPED, message="not smooth")
         for t in ("ica/laplace-4", "ica/laplace-10")]  # fmt: skip
    first, second = make_boards([*smooth, *corners]).boards
    assert (first.family, first.tasks) == ("ica", ["ica/2", "ica/5"])
    assert [row.method for row in first.ranked] == ["sm", "cd", "nce"]
    assert (second.family, second.cannot) == ("ica-laplace", ["sm"])
    assert [(row.method, row.rank) for row in second.rows] == [("cd", 1.0), ("nce", 2.0)]
    assert second.title == "Independent component analysis: laplace-10, laplace-4"
    text = to_markdown(make_boards([*smooth, *corners]))
    assert "Cannot run on these tasks: sm." in text


def test_an_unknown_family_gets_a_board_under_its_own_name(make: Make) -> None:
    known = [make(RINGS, m, 0, -3.0 - k) for k, m in enumerate(("dsm", "ssm"))]
    moved = [
        r.model_copy(update={
            "task": "mine/one",
            "task_card": r.task_card.model_copy(update={"name": "mine/one", "family": "spectra"}),
        }) for r in known
    ]  # fmt: skip
    boards = make_boards([*moved, *known])
    assert [(b.family, b.title) for b in boards.boards][1] == ("spectra", "Spectra")
    assert "**Spectra.** `dsm` leads with a mean rank of 1.00 among 2" in to_markdown(boards)
    assert "\nspectra,dsm,1,1,1,1,1," in summary_csv(boards)


def timed(record: Record, seconds: float, step_ms: float, contended: bool) -> Record:
    assert record.cost is not None
    cost = record.cost.model_copy(update={"train_seconds": seconds, "step_ms_median": step_ms})
    return record.model_copy(update={"cost": cost, "contended": contended})


def test_a_short_fit_of_a_reference_erases_no_timing(make: Make) -> None:
    """A first grid: everything shared the cores but a Gaussian of 1.4 milliseconds."""
    records = [
        timed(make(RINGS, "dsm", 0, -3.0), 2.0, 5.0, True),
        timed(make(RINGS, "ssm", 0, -3.1), 4.0, 9.0, True),
        timed(make(RINGS, "gaussian", 0, -4.0), 0.0014, 1.4, False),
    ]
    board = only(records)
    costs = {row.method: (row.step_ms, row.train_seconds) for row in board.rows}
    assert costs == {"dsm": (5.0, 2.0), "ssm": (9.0, 4.0), "gaussian": (None, None)}
    assert board.cost_note.startswith("ms/step and s: all 2 runs were timed while other work")


def test_what_was_contended_is_said_where_some_was_not(make: Make) -> None:
    records = [
        timed(make(RINGS, "dsm", 0, -3.0), 2.0, 5.0, False),
        timed(make(RINGS, "ssm", 0, -3.1), 4.0, 9.0, True),
        timed(make(RINGS, "nce", 0, -3.1), 0.001, 0.2, False),
    ]
    board = only(records)
    assert {row.method: row.step_ms for row in board.rows} == {
        "dsm": 5.0, "ssm": None, "nce": None
    }  # fmt: skip
    assert (
        "1 of 2 runs were timed while other work shared the cores and are left out; 1 shorter"
        in (board.cost_note)
    )
    assert all(row.passes is not None for row in board.rows)


def test_network_passes_count_a_score_twice_and_a_product_four_times(make: Make) -> None:
    cost = make(RINGS, "dsm", 0, -3.0).cost
    assert cost is not None
    assert passes(cost) == 1.0 + 2 * 2.0 + 4 * 0.5
