"""The leaderboard as HTML tables, to be put into any page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ebmbench.report.stats.boards import Board, Boards
from ebmbench.report.tables.words import (
    COST_TITLES,
    LEGEND,
    MARKS,
    NONE,
    best_methods,
    column_title,
    cost_texts,
    heading,
    marked_text,
    measure_words,
    optimum_texts,
    rank_text,
)


def to_html(boards: Boards, raw: bool = False) -> str:
    """Return a ``table`` per board, without styles; what cannot be told from the best is strong.

    Arguments:
        boards: the leaderboards.
        raw: whether cells hold the log-likelihood in place of regret or gain.
    """
    tables = [_table(board, heading(boards), raw) for board in boards.boards]
    return "\n".join([*tables, f"<p>{escape(LEGEND)}</p>", ""])


def _table(board: Board, caption: str, raw: bool) -> str:
    tasks = [column_title(board, task, raw) for task in board.tasks]
    titles = ["method", "rank", *tasks, *COST_TITLES]
    lines = [
        "<table>",
        f"<caption>{escape(board.title)}. {escape(measure_words(board, raw))} "
        f"{escape(caption)}</caption>",
        "<thead>",
        "<tr>" + "".join(f'<th scope="col">{escape(title)}</th>' for title in titles) + "</tr>",
        "</thead>",
        "<tbody>",
    ]
    best = {task: best_methods(board, task) for task in board.tasks}
    for row in board.rows:
        cells = [escape(rank_text(row))]
        for task in board.tasks:
            text = escape(marked_text(board, row, task, raw))
            cells.append(f"<strong>{text}</strong>" if row.method in best[task] else text)
        cells += [escape(text) for text in cost_texts(row)]
        lines.append(_row(row.method + MARKS[row.kind], cells))
    if board.optimum and raw:
        cells = [NONE, *optimum_texts(board, board.tasks), *[NONE] * len(COST_TITLES)]
        lines.append(_row("true density", cells))
    return "\n".join([*lines, "</tbody>", "</table>"])


def _row(name: str, cells: Sequence[str]) -> str:
    return (
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )
