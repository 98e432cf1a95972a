"""The first page: every family's leaderboard, and what its tests tell apart."""

from __future__ import annotations

from ebmbench.records import Status
from ebmbench.report.site.comparisons import differences_plot
from ebmbench.report.site.content import Content, mark_of, method_entry
from ebmbench.report.site.links import method_link, task_link
from ebmbench.report.site.page_table import Column, Entry, Line, Sheet
from ebmbench.report.site.render import Page
from ebmbench.report.stats.boards import Board, Row, below_gaussian
from ebmbench.report.stats.summary import Summary, summarise
from ebmbench.report.tables.verdict import verdict_of
from ebmbench.report.tables.words import (
    COST_TITLES,
    LEGEND,
    NONE,
    OVERALL,
    best_methods,
    cost_texts,
    heading,
    marked_text,
    measure_words,
    optimum_texts,
    overall_rows,
    rank_text,
    wins,
)

COST_MEANINGS = (
    "milliseconds per training step, median",
    "network passes per example and step",
    "training seconds, median",
    "peak memory of the allocator in MiB, median",
)


def leaderboard_page(content: Content) -> Page:
    """Return the first page of the site."""
    boards = []
    for board in content.boards.boards:
        summary = summarise(board)
        boards.append(
            {
                "board": board,
                "sheet": board_sheet(content, board),
                "overall": None if summary is None else _overall_sheet(board, summary),
                "verdict": " ".join(verdict_of(board).sentences).replace("`", ""),
                "plot": differences_plot(board, summary),
            }
        )
    values = {
        "heading": heading(content.boards),
        "legend": LEGEND,
        "boards": boards,
        "families": sorted({card.family for card in content.methods.values()}),
        "notes": content.boards.notes,
    }
    return Page("index.html", "index.html", values)


def board_sheet(content: Content, board: Board) -> Sheet:
    """Return the leaderboard of one family; a cell opens the run that stands behind it."""
    labels = board.labels
    columns = [
        Column("method", numeric=False),
        Column(
            "rank", explained="mean rank over tasks among the objectives, shared within brackets"
        ),
        *(Column(labels[task], task_link(task)) for task in board.tasks),
        *(Column(t, explained=e) for t, e in zip(COST_TITLES, COST_MEANINGS, strict=True)),
    ]
    best = {task: best_methods(board, task) for task in board.tasks}
    lines = [
        Line(
            [
                method_entry(row, method_link(row.method)),
                Entry(rank_text(row), row.rank, mark="incomplete" if _incomplete(row) else ""),
                *(_score(content, board, row, t, row.method in best[t]) for t in board.tasks),
                *map(Entry, cost_texts(row), _costs(row)),
            ],
            {
                "family": content.methods[row.method].family,
                "preset": content.boards.preset,
                "certified": str(_all_certified(content, board, row)).lower(),
            },
        )
        for row in board.rows
    ]
    pinned = [
        Line([Entry(t) for t in ("true density", NONE, *optimum_texts(board, board.tasks))]
             + [Entry(NONE)] * len(COST_TITLES))
    ] if board.optimum else []  # fmt: skip
    caption = f"{board.title}. {measure_words(board)}"
    return Sheet(f"leaderboard-{board.family}", caption, columns, lines, pinned)


def _score(content: Content, board: Board, row: Row, task: str, best: bool) -> Entry:
    cell = row.cells[task]
    below = "below" if below_gaussian(board, row, task) else ""
    return Entry(
        marked_text(board, row, task),
        None if cell.score is None else cell.score.mean,
        content.behind(task, row.method),
        "best" if best else mark_of(cell) or below,
    )


def _costs(row: Row) -> list[float | None]:
    reference = row.kind == "reference"
    return [
        None if reference else row.step_ms,
        None if reference else row.passes,
        row.train_seconds,
        row.peak_bytes,
    ]


def _incomplete(row: Row) -> bool:
    return row.rank is None and not row.kind


def _all_certified(content: Content, board: Board, row: Row) -> bool:
    """Return whether every run of a method that was tried has a certified number."""
    tried = [row.cells[task] for task in board.tasks if content.pairs.get((task, row.method))]
    tried = [cell for cell in tried if cell.word != Status.SKIPPED.value]
    return bool(tried) and all(cell.score is not None for cell in tried)


def _overall_sheet(board: Board, summary: Summary) -> Sheet:
    columns = [Column(title, numeric=k > 0) for k, title in enumerate(OVERALL)]
    places = {method: k for k, method in enumerate(summary.methods)}
    lines = []
    for name, *texts in overall_rows(board, summary):
        k, gap = places.get(name), summary.gap_left.get(name)
        worst = summary.worst.get(name)
        numbers = [
            None if k is None else summary.mean_rank[k],
            None,
            None if k is None else summary.p_best[k],
            None if k is None else wins(summary)[k],
            summary.beats_gaussian.get(name),
            None if gap is None else gap.value,
            None if gap is None or gap.interval is None else gap.interval[0],
            None if worst is None else worst.nats,
        ]
        lines.append(Line([Entry(name, name, method_link(name)), *map(Entry, texts, numbers)]))
    return Sheet(f"overall-{board.family}", f"{board.title}: over all tasks", columns, lines)
