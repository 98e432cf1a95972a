"""The leaderboard in every format, and pictures for a paper."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ebmbench.records import Record
from ebmbench.report.stats.boards import make_boards
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.html import to_html
from ebmbench.report.tables.latex import to_latex
from ebmbench.report.tables.markdown import to_markdown
from ebmbench.report.tables.odds import odds_rows
from ebmbench.report.tables.words import cell_text, number_text
from ebmbench.report.write import write_tables

Make = Callable[..., Record]


class Cells(HTMLParser):
    """Collects the text of every cell, row by row, and complains of tags left open."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "tr" in self.open:
            self.rows[-1][-1] += data


def test_html_has_the_cells_of_the_board_and_escapes_names(make: Make) -> None:
    records = [make("2d/rings", name, k, -2.5 - k / 9) for name in ("dsm", "sm") for k in range(3)]
    boards = make_boards(records)
    parser = Cells()
    parser.feed(to_html(boards))
    assert parser.open == []
    board = boards.boards[0]
    assert parser.rows[0][:2] == ["method", "rank"]
    for row, cells in zip(board.rows, parser.rows[1:], strict=False):
        assert cells[0].startswith(row.method)
        assert cells[2].startswith(cell_text(row.cells[board.tasks[0]]))
    odd = [r.model_copy(update={"method": "<script>"}) for r in records if r.method == "sm"]
    assert "<script>" not in to_html(make_boards(odd))


@pytest.mark.parametrize("form", ["pdf", "svg"])
def test_pictures_for_a_paper_are_the_same_bytes_again(
    form: str, make: Make, tmp_path: Path
) -> None:
    records = [make("2d/rings", name, k, -2.5 - k / 9) for name in ("dsm", "sm") for k in (0, 1)]
    kept = []
    for _ in range(2):
        paths = [
            path for path in write_tables(records, tmp_path, form) if path.suffix == f".{form}"
        ]
        kept.append({path.name: path.read_bytes() for path in paths})
    assert kept[0]
    assert kept[0] == kept[1]


def test_raw_shows_log_likelihoods_and_the_truth_in_every_format(make: Make) -> None:
    records = [make("2d/rings", name, k, -2.5 - k / 9) for name in ("dsm", "sm") for k in (0, 1)]
    boards = make_boards(records)
    for write in (to_markdown, to_html, to_latex):
        shown, raw = write(boards), write(boards, True)
        assert "-2.556" not in shown
        assert "0.556" in shown
        assert "-2.556" in raw
        assert "true density" in raw
        assert "true density" not in shown.replace("below the true density", "")


def test_the_odds_of_every_pair_are_in_the_table(make: Make) -> None:
    methods = ("nce", "ed", "dsm", "cd")
    records = [make(task, m, s, -2.1 - 0.3 * k - 0.01 * s) for task in ("2d/rings", "2d/two-moons")
               for k, m in enumerate(methods) for s in range(2)]  # fmt: skip
    boards = make_boards(records)
    summary = summarise(boards.boards[0])
    assert summary is not None
    header, *rows = odds_rows(summary)
    assert header == ["", "ed", "dsm", "cd"]
    assert [row[0] for row in rows] == ["nce", "ed", "dsm"]
    filled = [cell for row in rows for cell in row[1:] if cell]
    assert len(filled) == 6
    assert all(abs(sum(map(int, cell.split("/"))) - 100) <= 1 for cell in filled)
    assert f"| nce | {rows[0][1]} |" in to_markdown(boards)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.000"), (1e-5, "1.0e-05"), (0.0123, "0.012"), (12.34, "12.3"), (5312.0, "5312"),
     (float("inf"), "∞"), (float("-inf"), "-∞"), (-0.5, "-0.500")],
)  # fmt: skip
def test_numbers_keep_two_digits_and_no_number_becomes_zeros(value: float, text: str) -> None:
    assert number_text(value) == text


def test_a_board_says_what_was_tuned_once_something_was(make: Make) -> None:
    records = [make("2d/rings", name, 0, -2.5) for name in ("dsm", "sm", "nce")]
    plain = [
        record.model_copy(
            update={"method_card": record.method_card.model_copy(update={"trials": None})}
        )
        for record in records
    ]
    assert "Settings:" not in to_markdown(make_boards(plain))
    tuned = [
        record.model_copy(
            update={
                "method_card": record.method_card.model_copy(
                    update={"trials": 16 if record.method != "sm" else None}
                )
            }
        )
        for record in plain
    ]
    assert "Settings: tuned, 16 trials: dsm, nce; default: sm." in to_markdown(make_boards(tuned))
