"""The leaderboard in a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ebmbench.report.stats.boards import Board, Boards, Row
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.notes import board_notes
from ebmbench.report.tables.verdict import verdicts
from ebmbench.report.tables.words import (
    COST_TITLES,
    LEGEND,
    NONE,
    best_methods,
    column_title,
    heading,
    marked_text,
    measure_words,
    optimum_texts,
    rank_text,
    resolution_words,
)
from ebmbench.report.tables.words import cost_texts as cost_of

LABEL_STYLE = {"oracle": "cyan", "reference": "dim", "": "bold"}
PAD = 2
"""Spaces after a column; the box adds one between two."""
NOTES_SHOWN = 10
NAMES = 24
"""Columns of the longest name of a method; one with settings folds."""


def print_boards(boards: Boards, console: Console, raw: bool = False) -> None:
    """Print the verdict and the leaderboards; a board wider than the console folds into blocks.

    Arguments:
        boards: the leaderboards.
        console: where to.
        raw: whether cells hold the log-likelihood in place of regret or gain.
    """
    console.print()
    for verdict in verdicts(boards):
        words = " ".join(verdict.sentences).replace("`", "")
        console.print(f"[bold]{escape(verdict.title)}.[/] {escape(words)}", highlight=False)
        console.print()
    console.print(escape(heading(boards)), style="dim")
    console.print(escape(LEGEND), style="dim")
    for board in boards.boards:
        for block in _blocks(board, console.width, raw):
            console.print(_table(board, block, raw))
        console.print(escape(measure_words(board, raw)), style="dim")
        for note in board_notes(board):
            console.print(escape(note), style="dim")
        summary = summarise(board)
        if summary is not None:
            console.print(escape(resolution_words(summary)), style="dim")
        console.print()
    for note in boards.notes[:NOTES_SHOWN]:
        console.print(f"[yellow]•[/] {escape(note)}", style="dim")
    more = len(boards.notes) - NOTES_SHOWN
    if more > 0:
        plural = "" if more == 1 else "s"
        console.print(
            f"[yellow]•[/] and {more} more reason{plural}, in leaderboard.md", style="dim"
        )


@dataclass(frozen=True)
class _Block:
    """What one table of a board shows beside the names of the methods."""

    tasks: list[str]
    first: bool
    """Whether it has the rank, and a title that is not continued."""
    costs: bool


def _blocks(board: Board, width: int, raw: bool) -> list[_Block]:
    """Split the tasks so that every block fits; each has at least one task.

    The first block has the rank too, and the costs if there is room; else they follow at the end.
    """
    columns = zip(COST_TITLES, *map(cost_of, board.rows), strict=True)
    costs = sum(max(map(len, column)) + PAD + 1 for column in columns)
    names = min(NAMES, max(len("true density"), *(len(row.method) for row in board.rows)))
    places = max(len("rank"), *(len(rank_text(row)) for row in board.rows))
    room = width - names - 2 * PAD - 1
    sizes = []
    for task in board.tasks:
        cells = (marked_text(board, row, task, raw) for row in board.rows)
        texts = [column_title(board, task, raw), *cells]
        sizes.append(max(map(len, texts)) + PAD + 1)
    left = room - (places + PAD + 1)
    beside = sizes[0] + costs <= left
    left -= costs if beside else 0
    blocks: list[list[str]] = [[]]
    for task, size in zip(board.tasks, sizes, strict=True):
        if blocks[-1] and size > left:
            blocks.append([])
            left = room
        blocks[-1].append(task)
        left -= size
    found = [_Block(tasks, k == 0, beside and k == 0) for k, tasks in enumerate(blocks)]
    return found if beside else [*found, _Block([], first=False, costs=True)]


def _table(board: Board, block: _Block, raw: bool) -> Table:
    tasks = block.tasks
    title = board.title if block.first else f"{board.title}, continued"
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, PAD, 0, 0),
        pad_edge=False,
    )
    table.add_column("method", max_width=NAMES, overflow="fold")
    if block.first:
        table.add_column("rank", justify="right", no_wrap=True)
    for task in tasks:
        table.add_column(column_title(board, task, raw), justify="right", no_wrap=True)
    for name in COST_TITLES if block.costs else ():
        table.add_column(name, justify="right", style="dim", no_wrap=True)
    best = {task: best_methods(board, task) for task in tasks}
    for row, following in zip(board.rows, [*board.rows[1:], None], strict=True):
        cells = [_styled(board, row, task, row.method in best[task], raw=raw) for task in tasks]
        cells = [rank_text(row), *cells] if block.first else cells
        cells += cost_of(row) if block.costs else []
        label = f"[{LABEL_STYLE[row.kind]}]{escape(row.method)}[/]"
        ends = following is None or following.kind != row.kind
        table.add_row(label, *cells, end_section=ends)
    if board.optimum and raw:
        cells = optimum_texts(board, tasks)
        cells = [NONE, *cells] if block.first else cells
        cells += [NONE] * len(COST_TITLES) if block.costs else []
        table.add_row("[italic]true density[/]", *cells)
    return table


def _styled(board: Board, row: Row, task: str, best: bool, *, raw: bool) -> str:
    text = escape(marked_text(board, row, task, raw))
    if row.cells[task].score is None:
        return f"[yellow]{text}[/]"
    return f"[bold green]{text}[/]" if best else text
