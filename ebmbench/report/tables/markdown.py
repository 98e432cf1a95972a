"""The leaderboard as Markdown: the verdict first, then a table per board."""

from __future__ import annotations

from ebmbench.report.stats.boards import Board, Boards
from ebmbench.report.stats.summary import Summary, summarise
from ebmbench.report.tables.notes import board_notes
from ebmbench.report.tables.odds import ODDS_LEGEND, odds_rows
from ebmbench.report.tables.text import markdown_table
from ebmbench.report.tables.verdict import verdict_lines
from ebmbench.report.tables.words import (
    COST_TITLES,
    LEGEND,
    MARKS,
    NONE,
    OVERALL,
    OVERALL_LEGEND,
    best_methods,
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
    rows = []
    best = {task: best_methods(board, task) for task in board.tasks}
    for row in board.rows:
        cells = [
            f"**{text}**" if row.method in best[task] else text
            for task in board.tasks
            for text in [marked_text(board, row, task, raw)]
        ]
        label = row.method + MARKS[row.kind]
        rows.append([label, rank_text(row), *cells, *cost_texts(row)])
    if board.optimum and raw:
        cells = optimum_texts(board, board.tasks)
        rows.append(["*true density*", NONE, *cells, *[NONE] * len(COST_TITLES)])
    return markdown_table(columns, rows)


def _overall(board: Board, summary: Summary) -> list[str]:
    level = summary.level_with_best
    rows = [
        [f"**{name}**" if name in level else name, *cells]
        for name, *cells in overall_rows(board, summary)
    ]
    lines = ["### Over all tasks of the board", "", *markdown_table(OVERALL, rows)]
    lines += ["", resolution_words(summary), "", OVERALL_LEGEND]
    header, *odds = odds_rows(summary)
    lines += ["", "### Odds on a further task", "", *markdown_table(header, odds)]
    return [*lines, "", ODDS_LEGEND]
