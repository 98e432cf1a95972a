"""The leaderboard of one board as a table, in cells of one of two kinds."""

from __future__ import annotations

from ebmbench.records import Status
from ebmbench.report.site.content import Content, mark_of, method_entry
from ebmbench.report.site.links import method_link, task_link
from ebmbench.report.site.page_table import Column, Entry, Line, PageTable
from ebmbench.report.stats.boards import Board, Row, below_gaussian
from ebmbench.report.tables.words import (
    COST_TITLES,
    NONE,
    best_methods,
    column_title,
    cost_texts,
    marked_text,
    measure_words,
    optimum_texts,
    rank_text,
)

COST_MEANINGS = (
    "milliseconds per training step, median",
    "network passes per example and step",
    "training seconds, median",
    "peak memory of the allocator in MiB, median",
)


def board_table(content: Content, board: Board, raw: bool = False) -> PageTable:
    """Return the leaderboard of one board; a cell opens the run that stands behind it.

    Arguments:
        content: of the site.
        board: one of its boards.
        raw: whether cells hold log-likelihoods, not what is lost to the truth or gained on the
            Gaussian.
    """
    columns = [
        Column("method", numeric=False),
        Column(
            "rank", explained="mean rank over tasks among the objectives, shared within brackets"
        ),
        *(Column(column_title(board, task, raw), task_link(task)) for task in board.tasks),
        *(
            Column(title, explained=meaning, minor=True)
            for title, meaning in zip(COST_TITLES, COST_MEANINGS, strict=True)
        ),
    ]
    best = {task: best_methods(board, task) for task in board.tasks}
    labels = row_labels(content, board)
    lines = [
        Line(
            [
                method_entry(row, method_link(row.method)),
                Entry(rank_text(row), row.rank, mark="incomplete" if _incomplete(row) else ""),
                *(
                    _score(content, board, row, t, best=row.method in best[t], raw=raw)
                    for t in board.tasks
                ),
                *map(Entry, cost_texts(row), _costs(row)),
            ],
            labels[row.method],
            row.kind,
        )
        for row in board.rows
    ]
    pinned = []
    if raw and board.optimum:
        texts = ("true density", NONE, *optimum_texts(board, board.tasks))
        pinned = [Line([Entry(text) for text in texts] + [Entry(NONE)] * len(COST_TITLES))]
    name = f"leaderboard-{board.family}" + ("-raw" if raw else "")
    return PageTable(name, measure_words(board, raw), columns, lines, pinned)


def row_labels(content: Content, board: Board) -> dict[str, dict[str, str]]:
    """Return, by method, what the filters of the page go by."""
    return {
        row.method: {
            "family": content.methods[row.method].family,
            "preset": content.boards.preset,
            "certified": str(_all_certified(content, board, row)).lower(),
        }
        for row in board.rows
    }


def _score(content: Content, board: Board, row: Row, task: str, *, best: bool, raw: bool) -> Entry:
    cell = row.raw[task] if raw else row.cells[task]
    below = "below" if below_gaussian(board, row, task) else ""
    return Entry(
        marked_text(board, row, task, raw),
        None if cell.score is None else cell.score.mean,
        content.behind(task, row.method),
        "best" if best else mark_of(cell) or below,
    )


def _costs(row: Row) -> list[float | None]:
    return [row.step_ms, row.passes, row.train_seconds, row.peak_bytes]


def _incomplete(row: Row) -> bool:
    return row.rank is None and not row.kind


def _all_certified(content: Content, board: Board, row: Row) -> bool:
    """Return whether every run of a method that was tried has a certified number."""
    tried = [row.raw[task] for task in board.tasks if content.pairs.get((task, row.method))]
    tried = [cell for cell in tried if cell.word != Status.SKIPPED.value]
    return bool(tried) and all(cell.score is not None for cell in tried)
