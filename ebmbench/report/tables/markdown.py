"""The leaderboard as Markdown: the verdict first, then a table per board."""

from __future__ import annotations

from collections.abc import Sequence

from ebmbench.report.stats.boards import Board, Boards
from ebmbench.report.stats.summary import Summary, summarise
from ebmbench.report.tables.odds import ODDS_LEGEND, odds_rows
from ebmbench.report.tables.verdict import verdict_lines
from ebmbench.report.tables.words import (
    COST_TITLES,
    LEGEND,
    MARKS,
    NONE,
    OVERALL,
    OVERALL_LEGEND,
    best_methods,
    board_notes,
    column_title,
    cost_texts,
    heading,
    marked_text,
    measure_words,
    optimum_texts,
    overall_rows,
    rank_text,
    resolution_words,
)


def to_markdown(boards: Boards, raw: bool = False) -> str:
    """Return all leaderboards as Markdown.

    Arguments:
        boards: the leaderboards.
        raw: whether cells hold the log-likelihood in place of regret or gain.
    """
    parts = ["# Leaderboard", "", *verdict_lines(boards), "", heading(boards), "", LEGEND, ""]
    for board in boards.boards:
        parts += [f"## {board.title}", "", measure_words(board, raw), "", *_table(board, raw), ""]
        parts += [line for note in board_notes(board) for line in (note, "")]
        summary = summarise(board)
        if summary is not None:
            parts += [*_overall(board, summary), ""]
    if boards.notes:
        parts += ["## Notes", "", *[f"- {note}" for note in boards.notes], ""]
    return "\n".join(parts)


def _table(board: Board, raw: bool) -> list[str]:
    titles = [column_title(board, task, raw) for task in board.tasks]
    columns = ["method", "rank", *titles, *COST_TITLES]
    lines = [_line(columns), _line(["---", *["---:"] * (len(columns) - 1)])]
    best = {task: best_methods(board, task) for task in board.tasks}
    for row in board.rows:
        cells = [
            f"**{text}**" if row.method in best[task] else text
            for task in board.tasks
            for text in [marked_text(board, row, task, raw)]
        ]
        label = row.method + MARKS[row.kind]
        lines.append(_line([label, rank_text(row), *cells, *cost_texts(row)]))
    if board.optimum and raw:
        cells = optimum_texts(board, board.tasks)
        lines.append(_line(["*true density*", NONE, *cells, *[NONE] * len(COST_TITLES)]))
    return lines


def _overall(board: Board, summary: Summary) -> list[str]:
    lines = ["### Over all tasks of the board", "", _line(OVERALL)]
    lines += [_line(["---", *["---:"] * (len(OVERALL) - 1)])]
    level = summary.level_with_best
    for name, *cells in overall_rows(board, summary):
        lines.append(_line([f"**{name}**" if name in level else name, *cells]))
    lines += ["", resolution_words(summary), "", OVERALL_LEGEND]
    header, *odds = odds_rows(summary)
    lines += ["", "### Odds on a further task", "", _line(header)]
    lines += [_line(["---", *["---:"] * (len(header) - 1)]), *map(_line, odds)]
    return [*lines, "", ODDS_LEGEND]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
