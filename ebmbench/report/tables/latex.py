r"""The leaderboard for a paper: LaTeX with ``booktabs``."""

from __future__ import annotations

from ebmbench.report.stats.boards import Board, Boards, Row
from ebmbench.report.stats.intervals import paired_difference
from ebmbench.report.tables.markdown import (
    best_methods,
    cell_text,
    heading,
    optimum_texts,
    rank_text,
)

SPECIAL = str.maketrans(
    {c: "\\" + c for c in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"–": "--", "±": r"$\pm$"}
)


def escape(text: str) -> str:
    r"""Return text with LaTeX's special characters escaped.

    Example:
        >>> escape("95 % & more_")
        '95 \\% \\& more\\_'
    """
    return text.translate(SPECIAL)


def to_latex(boards: Boards) -> str:
    r"""Return a ``table`` per family, for a document with ``\usepackage{booktabs}``.

    Bold: the best objective, and those whose paired difference to it over seeds has a 95 %
    interval that includes zero.
    """
    return "\n".join(_table(boards, board) for board in boards.boards)


def _table(boards: Boards, board: Board) -> str:
    labels = [escape(board.labels[task]) for task in board.tasks]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(board.title)}. {escape(heading(boards))}}}",
        r"\begin{tabular}{lr" + "r" * len(board.tasks) + "}",
        r"\toprule",
        " & ".join(["method", "rank", *labels]) + r" \\",
        r"\midrule",
    ]
    previous = board.rows[0].kind
    for row in board.rows:
        if row.kind != previous:
            lines.append(r"\midrule")
            previous = row.kind
        cells = [_cell(board, row, task) for task in board.tasks]
        lines.append(" & ".join([escape(row.method), escape(rank_text(row)), *cells]) + r" \\")
    if board.optimum:
        optima = map(escape, optimum_texts(board, board.tasks))
        lines += [r"\midrule", " & ".join(["true density", "--", *optima]) + r" \\"]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _cell(board: Board, row: Row, task: str) -> str:
    text = escape(cell_text(row.cells[task]))
    if row.cells[task].score is None:
        return rf"\emph{{{text}}}"
    bold = not row.kind and any(
        row.method == best or _level(board, row, best, task) for best in best_methods(board, task)
    )
    return rf"\textbf{{{text}}}" if bold else text


def _level(board: Board, row: Row, best: str, task: str) -> bool:
    """Return whether the seeds cannot tell a method from the best."""
    top = next(other for other in board.rows if other.method == best)
    mine, its = row.cells[task].values, top.cells[task].values
    if not mine.keys() & its.keys():
        return False
    gap = paired_difference(mine, its)
    return gap.half_width is not None and gap.mean <= gap.half_width
