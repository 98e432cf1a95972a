"""The leaderboard as HTML tables, to be put into any page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ebmbench.report.stats.boards import Board, Boards
from ebmbench.report.tables.markdown import (
    COST_TITLES,
    LEGEND,
    MARKS,
    NONE,
    best_methods,
    cost_texts,
    heading,
    marked_text,
    optimum_texts,
    rank_text,
)


def to_html(boards: Boards) -> str:
    """Return a ``table`` per family, without styles; the best objective is in ``strong``."""
    tables = [_table(board, heading(boards)) for board in boards.boards]
    return "\n".join([*tables, f"<p>{escape(LEGEND)}</p>", ""])


def _table(board: Board, caption: str) -> str:
    titles = ["method", "rank", *(board.labels[task] for task in board.tasks), *COST_TITLES]
    lines = [
        "<table>",
        f"<caption>{escape(board.title)}. {escape(caption)}</caption>",
        "<thead>",
        "<tr>" + "".join(f'<th scope="col">{escape(title)}</th>' for title in titles) + "</tr>",
        "</thead>",
        "<tbody>",
    ]
    best = {task: best_methods(board, task) for task in board.tasks}
    for row in board.rows:
        cells = [escape(rank_text(row))]
        for task in board.tasks:
            text = escape(marked_text(board, row, task))
            cells.append(f"<strong>{text}</strong>" if row.method in best[task] else text)
        cells += [escape(text) for text in cost_texts(row)]
        lines.append(_row(row.method + MARKS[row.kind], cells))
    if board.optimum:
        cells = [NONE, *optimum_texts(board, board.tasks), *[NONE] * len(COST_TITLES)]
        lines.append(_row("true density", cells))
    return "\n".join([*lines, "</tbody>", "</table>"])


def _row(name: str, cells: Sequence[str]) -> str:
    return (
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )
