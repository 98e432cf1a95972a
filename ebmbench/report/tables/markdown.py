"""The leaderboard as text: cells in words, Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ebmbench.report.stats.boards import Board, Boards, Cell, Row, below_gaussian
from ebmbench.report.stats.summary import Summary, summarise

MARKS = {"oracle": " (oracle)", "reference": " (reference)", "": ""}
COST_TITLES = ("ms/step", "passes", "s", "MiB")
NONE = "–"


def cell_text(cell: Cell) -> str:
    """Return ``mean ± half-width``, or the word that stands for it."""
    if cell.score is None:
        return cell.word
    text = f"{cell.score.mean:.3f}" if abs(cell.score.mean) < 100 else f"{cell.score.mean:.1f}"
    if cell.score.half_width is not None:
        text += f" ± {cell.score.half_width:.2g}"
    return text + ("*" if cell.missing else "")


def cost_texts(row: Row) -> list[str]:
    """Return milliseconds per step, network passes, seconds and peak memory in words."""
    steps = row.kind != "reference"
    return [
        f"{row.step_ms:.2f}" if steps and row.step_ms is not None else NONE,
        f"{row.passes:.1f}" if steps and row.passes is not None else NONE,
        f"{row.train_seconds:.1f}" if row.train_seconds is not None else NONE,
        f"{row.peak_bytes / 2**20:.1f}" if row.peak_bytes is not None else NONE,
    ]


def rank_text(row: Row) -> str:
    """Return the mean rank; ``incomplete`` for an objective with a task or seed missing."""
    if row.rank is not None:
        return f"{row.rank:.1f}"
    return NONE if row.kind else "incomplete"


def optimum_texts(board: Board, tasks: Sequence[str]) -> list[str]:
    """Return the truth's log-likelihood per task, where it is known."""
    return [f"{board.optimum[t]:.3f}" if t in board.optimum else NONE for t in tasks]


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
    """Return one sentence on what the tables hold."""
    shared = "; timings taken while other runs shared the cores" if boards.contended else ""
    processors = " and ".join(boards.processors) or "unknown processor"
    interval = ", mean ± 95 % interval over" if boards.seeds > 1 else ","
    return (
        f"Test log-likelihood in nats per example{interval} {boards.seeds} "
        f"seed{'s' if boards.seeds > 1 else ''}; preset {boards.preset}; {processors}, one thread "
        f"a run{shared}."
    )


LEGEND = (
    "Bold: best objective. ↓: below the fitted Gaussian. *: seeds missing. Rank: mean over tasks "
    "among the objectives, failures last. Passes: network passes per example and step (energy 1, "
    "score 2, Hessian-vector product 4)."
)


def to_markdown(boards: Boards) -> str:
    """Return all leaderboards as Markdown."""
    parts = ["# Leaderboard", "", heading(boards), "", LEGEND, ""]
    for board in boards.boards:
        columns = ["method", "rank", *(board.labels[task] for task in board.tasks), *COST_TITLES]
        rule = ["---", *["---:"] * (len(columns) - 1)]
        parts += [f"## {board.title}", "", _line(columns), _line(rule)]
        best = {task: best_methods(board, task) for task in board.tasks}
        for row in board.rows:
            cells = [
                f"**{text}**" if row.method in best[task] else text
                for task in board.tasks
                for text in [marked_text(board, row, task)]
            ]
            parts.append(
                _line([row.method + MARKS[row.kind], rank_text(row), *cells, *cost_texts(row)])
            )
        if board.optimum:
            cells = optimum_texts(board, board.tasks)
            parts.append(_line(["*true density*", NONE, *cells, *[NONE] * len(COST_TITLES)]))
        parts.append("")
        summary = summarise(board)
        if summary is not None and len(board.tasks) > 1:
            parts += [*_overall(summary), ""]
    if boards.notes:
        parts += ["## Notes", "", *[f"- {note}" for note in boards.notes], ""]
    return "\n".join(parts)


def marked_text(board: Board, row: Row, task: str) -> str:
    """Return the cell with an arrow where it is below the Gaussian."""
    return cell_text(row.cells[task]) + (" ↓" if below_gaussian(board, row, task) else "")


def verdict(summary: Summary) -> str:
    """Say in words what the tests over tasks tell apart."""
    count = f"{len(summary.tasks)} task{'s' if len(summary.tasks) > 1 else ''}"
    if summary.friedman_p is None:
        return f"Too few tasks or objectives ({count}) to test for differences."
    names = ["{" + ", ".join(summary.methods[i : j + 1]) + "}" for i, j in summary.groups]
    groups = f"not told apart: {', '.join(names)}" if names else "all pairs are told apart"
    return (
        f"Friedman's test over {count}: p = {summary.friedman_p:.2g}; Wilcoxon's signed-rank test "
        f"with Holm's correction at 5 %: {groups}."
    )


def _overall(summary: Summary) -> list[str]:
    header = ["method", "mean rank", "wins", "beats the Gaussian", "regret (IQM)", "95 %"]
    lines = ["### Over all tasks of the family", "", _line(header)]
    lines += [_line(["---", *["---:"] * 5]), *map(_line, overall_rows(summary))]
    explained = (
        "Wins: share of duels with the other objectives. Regret: share of the gap between the "
        "Gaussian and the true density that is still open, interquartile mean over tasks and "
        "seeds; the interval is a bootstrap over seeds, of which it takes two."
    )
    return [*lines, "", verdict(summary), explained]


def overall_rows(summary: Summary) -> list[list[str]]:
    """Return name, mean rank, wins, beats the Gaussian, regret and its interval in words."""
    names = [*summary.methods, *(m for m in summary.regret if m not in summary.methods)]
    rows = []
    for name in names:
        place = summary.methods.index(name) if name in summary.methods else None
        beats, regret = summary.beats_gaussian.get(name), summary.regret.get(name)
        rows.append(
            [
                name,
                NONE if place is None else f"{summary.mean_rank[place]:.1f}",
                NONE if place is None else f"{100 * wins(summary)[place]:.0f} %",
                NONE if beats is None else f"{100 * beats:.0f} %",
                NONE if regret is None else f"{regret.iqm:.3f}",
                _span(regret.interval) if regret is not None else NONE,
            ]
        )
    return rows


def _span(interval: tuple[float, float] | None) -> str:
    return NONE if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"


def wins(summary: Summary) -> list[float]:
    """Return the share of duels that each objective wins over all others and tasks."""
    others = len(summary.methods) - 1
    return [(float(row.sum()) - 0.5) / others for row in summary.win_rate]


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
                score = row.cells[task].score
                numbers = (score.mean, score.half_width, score.n) if score else (None, None, None)
                label = [board.family, row.method, row.kind, row.rank, task]
                writer.writerow([*label, *numbers, row.cells[task].word])
    return text.getvalue()


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
