"""The leaderboard in a terminal."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ebmbench.records import read_records
from ebmbench.report.leaderboard import Board, make_boards
from ebmbench.report.tables import best_methods, cell_text, cost_texts, heading

LABEL_STYLE = {"oracle": "cyan", "reference": "dim", "": "bold"}
FIXED = 46
"""Columns of text that method, rank and cost take up."""
PER_TASK = 17


def print_leaderboard(out: Path, console: Console) -> None:
    """Print the leaderboard of an output folder, a block of tasks at a time."""
    boards = make_boards(read_records(out))
    console.print()
    console.print(heading(boards), style="dim")
    for board in boards.boards:
        width = max((console.width - FIXED) // PER_TASK, 1)
        for start in range(0, len(board.tasks), width):
            console.print(_table(board, board.tasks[start : start + width], start == 0))
    for note in boards.notes:
        console.print(f"[yellow]•[/] {escape(note)}", style="dim")


def _table(board: Board, tasks: list[str], first: bool) -> Table:
    title = board.title if first else f"{board.title}, continued"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    table.add_column("method")
    table.add_column("rank", justify="right")
    for task in tasks:
        table.add_column(task.partition("/")[2], justify="right", overflow="fold")
    for name in ("ms/step", "s", "MiB"):
        table.add_column(name, justify="right", style="dim")
    best = {task: best_methods(board, task) for task in tasks}
    previous = None
    for row in board.rows:
        if previous is not None and row.kind != previous:
            table.add_section()
        previous = row.kind
        cells = []
        for task in tasks:
            text = cell_text(row.cells[task])
            if row.cells[task].score is None:
                text = f"[yellow]{text}[/]"
            elif row.method in best[task]:
                text = f"[bold green]{text}[/]"
            cells.append(text)
        rank = f"{row.rank:.1f}" if row.rank is not None else "–"
        label = f"[{LABEL_STYLE[row.kind]}]{row.method}[/]"
        table.add_row(label, rank, *cells, *cost_texts(row))
    if board.optimum:
        table.add_section()
        optimum = [f"{board.optimum[t]:.3f}" if t in board.optimum else "–" for t in tasks]
        table.add_row("[italic]true density[/]", "–", *optimum, "–", "–", "–")
    return table
