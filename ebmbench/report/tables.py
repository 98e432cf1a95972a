"""The leaderboard as text: cells in words, Markdown and CSV."""

from __future__ import annotations

import csv
import io

from ebmbench.report.leaderboard import Board, Boards, Cell, Row

MARKS = {"oracle": " (oracle)", "reference": " (reference)", "": ""}


def cell_text(cell: Cell) -> str:
    """Return ``mean ± half-width``, or the word that stands for it."""
    if cell.score is None:
        return cell.word
    text = f"{cell.score.mean:.3f}" if abs(cell.score.mean) < 100 else f"{cell.score.mean:.1f}"
    if cell.score.half_width is not None:
        text += f" ± {cell.score.half_width:.2g}"
    return text + ("*" if cell.missing else "")


def cost_texts(row: Row) -> list[str]:
    """Return milliseconds per step, seconds and peak memory in words."""
    return [
        f"{row.step_ms:.2f}" if row.step_ms is not None and not row.kind == "reference" else "–",
        f"{row.train_seconds:.1f}" if row.train_seconds is not None else "–",
        f"{row.peak_bytes / 2**20:.1f}" if row.peak_bytes is not None else "–",
    ]


def best_methods(board: Board, task: str) -> set[str]:
    """Return the objective with the best mean on a task; oracle and references take no part."""
    scores = {
        row.method: cell.score.mean
        for row in board.rows
        if (cell := row.cells[task]).score is not None and not row.kind
    }
    top = max(scores.values(), default=None)
    return {method for method, score in scores.items() if score == top}


def heading(boards: Boards) -> str:
    """Return one line on what the tables hold."""
    shared = "; timings taken while other runs shared the cores" if boards.contended else ""
    processor = boards.machine.get("processor", "unknown processor")
    return (
        f"Test log-likelihood in nats per example, mean ± 95 % interval over {boards.seeds} "
        f"seed{'s' if boards.seeds > 1 else ''}; preset {boards.preset}; {processor}, one thread "
        f"a run{shared}."
    )


def to_markdown(boards: Boards) -> str:
    """Return all leaderboards as Markdown."""
    parts = ["# Leaderboard", "", heading(boards), ""]
    for board in boards.boards:
        names = [task.partition("/")[2] for task in board.tasks]
        columns = ["method", "rank", *names, "ms/step", "s", "MiB"]
        parts += [f"## {board.title}", "", _line(columns), _line(["---"] * len(columns))]
        best = {task: best_methods(board, task) for task in board.tasks}
        for row in board.rows:
            cells = [
                f"**{cell_text(row.cells[t])}**" if row.method in best[t] else cell_text(row.cells[t])
                for t in board.tasks
            ]
            rank = f"{row.rank:.1f}" if row.rank is not None else "–"
            parts.append(_line([row.method + MARKS[row.kind], rank, *cells, *cost_texts(row)]))
        if board.optimum:
            optimum = [
                f"{board.optimum[t]:.3f}" if t in board.optimum else "–" for t in board.tasks
            ]
            parts.append(_line(["*true density*", "–", *optimum, "–", "–", "–"]))
        parts.append("")
    if boards.notes:
        parts += ["## Not scored", "", *[f"- {note}" for note in boards.notes], ""]
    return "\n".join(parts)


def to_csv(boards: Boards) -> str:
    """Return all leaderboards as one CSV, a row per family, method and task."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ["family", "method", "kind", "rank", "task", "mean", "half_width", "seeds", "word"]
    )
    for board in boards.boards:
        for row in board.rows:
            for task in board.tasks:
                cell = row.cells[task]
                score = cell.score
                writer.writerow(
                    [
                        board.family,
                        row.method,
                        row.kind,
                        row.rank,
                        task,
                        score.mean if score else None,
                        score.half_width if score else None,
                        score.n if score else None,
                        cell.word,
                    ]
                )
    return text.getvalue()


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
