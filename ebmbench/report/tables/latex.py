r"""The leaderboard for a paper: LaTeX with ``booktabs``."""

from __future__ import annotations

from ebmbench.report.stats.boards import Board, Boards, Row
from ebmbench.report.tables.words import (
    best_methods,
    column_title,
    heading,
    marked_text,
    measure_words,
    optimum_texts,
    rank_text,
)

SPECIAL = str.maketrans(
    {c: "\\" + c for c in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"–": "--", "±": r"$\pm$", "↓": r"$\downarrow$", "∞": r"$\infty$"}
)


def escape(text: str) -> str:
    r"""Return text with LaTeX's special characters escaped.

    Example:
        >>> escape("95 % & more_")
        '95 \\% \\& more\\_'
    """
    return text.translate(SPECIAL)


def to_latex(boards: Boards, raw: bool = False) -> str:
    r"""Return a ``table`` per board, for a document with ``\usepackage{booktabs}``.

    Bold: what cannot be told from the best objective of the task.

    Arguments:
        boards: the leaderboards.
        raw: whether cells hold the log-likelihood in place of regret or gain.
    """
    return "\n".join(_table(boards, board, raw) for board in boards.boards)


def _table(boards: Boards, board: Board, raw: bool) -> str:
    labels = [escape(column_title(board, task, raw)) for task in board.tasks]
    words = f"{board.title}. {measure_words(board, raw)} {heading(boards)}"
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape(words)}}}",
        r"\begin{tabular}{lr" + "r" * len(board.tasks) + "}",
        r"\toprule",
        " & ".join(["method", "rank", *labels]) + r" \\",
        r"\midrule",
    ]
    previous = board.rows[0].kind
    best = {task: best_methods(board, task) for task in board.tasks}
    for row in board.rows:
        if row.kind != previous:
            lines.append(r"\midrule")
            previous = row.kind
        cells = [
            _cell(board, row, task, row.method in best[task], raw=raw) for task in board.tasks
        ]
        lines.append(" & ".join([escape(row.method), escape(rank_text(row)), *cells]) + r" \\")
    if board.optimum and raw:
        optima = map(escape, optimum_texts(board, board.tasks))
        lines += [r"\midrule", " & ".join(["true density", "--", *optima]) + r" \\"]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _cell(board: Board, row: Row, task: str, best: bool, *, raw: bool) -> str:
    text = escape(marked_text(board, row, task, raw))
    if row.cells[task].score is None:
        return rf"\emph{{{text}}}"
    return rf"\textbf{{{text}}}" if best else text
