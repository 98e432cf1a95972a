"""The leaderboard and its summary as CSV, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ebmbench.report.stats.boards import Board, Boards, Row
from ebmbench.report.stats.gaps import beats_gaussian, gaps_left
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.text import csv_text

SUMMARY_COLUMNS = (
    "family", "method", "tasks", "seeds", "mean_rank", "rank_low", "rank_high", "gap_left",
    "gap_left_low", "gap_left_high", "beats_gaussian", "p_best", "group",
)  # fmt: skip
"""Of ``summary.csv``."""
BOARD_COLUMNS = (
    "family", "method", "kind", "rank", "rank_low", "rank_high", "task", "measure", "mean",
    "half_width", "lower", "upper", "seeds", "word",
)  # fmt: skip
"""Of ``leaderboard.csv``."""


def to_csv(boards: Boards) -> str:
    """Return all leaderboards as one CSV, a row per board, method and task.

    ``lower`` and ``upper`` are the ends of a number that is not certified.
    """
    return csv_text(BOARD_COLUMNS, (row for board in boards.boards for row in _board_rows(board)))


def _board_rows(board: Board) -> Iterable[Sequence[object]]:
    for row in board.rows:
        for task in board.tasks:
            cell = row.cells[task]
            score, ends = cell.score, cell.bracket or (None, None)
            numbers = (score.mean, score.half_width) if score else (None, None)
            place = (row.rank, row.rank_low, row.rank_high)
            label = [board.family, row.method, row.kind, *place, task, board.measures[task].value]
            seeds = score.n if score else len(cell.values)
            yield [*label, *numbers, *ends, seeds, cell.word]


def summary_csv(boards: Boards) -> str:
    """Return the content of ``summary.csv``: a row per board and method.

    ``gap_left`` is the share of the gap between Gaussian and truth that is still open, 1 for the
    Gaussian; methods that share a letter of ``group`` are not told apart.
    """
    return csv_text(
        SUMMARY_COLUMNS, (row for board in boards.boards for row in _summary_rows(board))
    )


def _summary_rows(board: Board) -> Iterable[Sequence[object]]:
    summary, gaps, beats = summarise(board), gaps_left(board), beats_gaussian(board)
    ranked: dict[str, tuple[float, str]] = {}
    if summary is not None:
        found = zip(summary.methods, summary.p_best, summary.letters, strict=True)
        ranked = {method: (p_best, letters) for method, p_best, letters in found}
    for row in board.rows:
        gap = gaps.get(row.method)
        yield [
            board.family,
            row.method,
            *_tried(board, row),
            row.rank,
            row.rank_low,
            row.rank_high,
            None if gap is None else gap.value,
            *((None, None) if gap is None or gap.interval is None else gap.interval),
            beats.get(row.method),
            *ranked.get(row.method, (None, None)),
        ]


def _tried(board: Board, row: Row) -> tuple[int, int]:
    """Return on how many tasks and seeds a method was tried."""
    seeds = {
        (task, seed)
        for task in board.tasks
        for seed, found in board.outcomes[task].items()
        if row.method in found
    }
    return len({task for task, _ in seeds}), len({seed for _, seed in seeds})
