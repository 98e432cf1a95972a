"""A page per method: equation, source, cost, assumptions, values, and where it wins and loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ebmbench.report.site.content import Content, mark_of
from ebmbench.report.site.links import method_link, task_link
from ebmbench.report.site.method_values import values_table
from ebmbench.report.site.page_table import Column, Entry, Line, PageTable
from ebmbench.report.site.render import Page
from ebmbench.report.stats.boards import Board, Row, below_gaussian, kind_of
from ebmbench.report.stats.ranking import solved, task_ranks
from ebmbench.report.stats.reasons import explain
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.words import (
    COST_TITLES,
    best_methods,
    cost_texts,
    marked_text,
    number_text,
)

COLUMNS = (
    Column("task", numeric=False),
    Column("regret or gain, nats", explained="below the true density, or above the Gaussian"),
    Column("place", explained="among the objectives of the task; a range where brackets overlap"),
    Column("behind the best, nats"),
    Column("verdict", numeric=False),
    Column("what the runs show", numeric=False, minor=True,
           explained="computed from curve, checks and diagnostics; why, where it is not level"),
    Column("log-likelihood, nats", minor=True),
)  # fmt: skip


@dataclass(frozen=True)
class Duel:
    """One method on one task, beside the others."""

    task: str
    verdict: str
    """``best``, ``level with the best``, ``behind``, ``last``, ``failed`` or ``not ranked``."""
    behind: float | None
    """Nats behind the best objective; negative where an oracle or reference is ahead of it."""
    line: Line

    @property
    def lost(self) -> bool:
        """Whether the best objective is told apart from it."""
        return self.verdict in ("behind", "last", "failed")


def method_page(content: Content, method: str) -> Page:
    """Return the page of a method.

    Arguments:
        content: of the site.
        method: its name.
    """
    card = content.methods[method]
    rows = [
        (board, row) for board in content.boards.boards for row in board.rows
        if row.method == method
    ]  # fmt: skip
    duels = [duel(content, board, row, task) for board, row in rows for task in board.tasks]
    values = {
        "card": card,
        "kind": kind_of(card),
        "standings": [standing(board, row) for board, row in rows],
        "costs": [(board.title, cost_texts(row)) for board, row in rows],
        "cost_titles": COST_TITLES,
        "parameters": values_table(content, card),
        "table": PageTable(f"method-{method}", "On every task", COLUMNS, [d.line for d in duels]),
        "wins": [d for d in duels if d.verdict in ("best", "level with the best")],
        "losses": sorted((d for d in duels if d.lost), key=_worst_first),
        "count": len(duels),
    }
    return Page(method_link(method), "method.html", values)


def methods_page(content: Content) -> Page:
    """Return the list of methods."""
    return Page("methods.html", "methods.html", {"methods": list(content.methods.values())})


def standing(board: Board, row: Row) -> dict[str, Any]:
    """Return where a method stands on a board: its rank, its place, and who is level with it."""
    summary = summarise(board)
    if summary is None or row.method not in summary.methods:
        why = {
            "oracle": "not ranked: it is the oracle",
            "reference": "not ranked: a reference",
            "": "incomplete, so not ranked" if board.ranked_tasks else "not ranked: no task is",
        }
        return {"title": board.title, "words": why[row.kind], "level": []}
    place = summary.methods.index(row.method)
    mine = summary.mean_rank[place]
    ahead = sum(rank < mine for rank in summary.mean_rank)
    tied = sum(rank == mine for rank in summary.mean_rank)
    of = f"of {len(summary.methods)}"
    words = f"{ahead + 1} to {ahead + tied} {of}" if tied > 1 else f"{ahead + 1} {of}"
    level = [
        name
        for k, name in enumerate(summary.methods)
        if k != place and set(summary.letters[k]) & set(summary.letters[place])
    ]
    return {"title": board.title, "words": f"{words}, mean rank {mine:.1f}", "level": level}


def duel(content: Content, board: Board, row: Row, task: str) -> Duel:
    """Return how a method did on a task beside the objectives of the board."""
    cell, sign = row.cells[task], board.measures[task].sign
    objectives = [r for r in board.rows if not r.kind and r.raw[task].takes_part]
    scores = {
        r.method: sign * s.mean for r in objectives if (s := r.cells[task].score) is not None
    }
    top = max(scores.values(), default=None)
    behind = None if cell.score is None or top is None else top - sign * cell.score.mean
    place, middle = _place(board, task, row.method, [r.method for r in objectives])
    verdict = _verdict(board, row, task, scores, middle=middle, count=len(objectives))
    below = "; below the Gaussian" if below_gaussian(board, row, task) else ""
    raw = row.raw[task]
    runs = content.pairs.get((task, row.method), [])
    lost = verdict in ("behind", "last", "failed") or bool(below) or cell.score is None
    why = explain(runs) if lost and runs and row.kind != "reference" else ""
    line = Line(
        [
            Entry(task, task, task_link(task)),
            Entry(
                marked_text(board, row, task),
                None if cell.score is None else cell.score.mean,
                content.behind(task, row.method),
                mark_of(cell),
            ),
            Entry(place, middle),
            Entry("–" if behind is None else number_text(behind), behind),
            Entry(verdict + below, verdict),
            Entry(why or "–", None, mark="wide"),
            Entry(marked_text(board, row, task, raw=True),
                  None if raw.score is None else raw.score.mean),
        ]
    )  # fmt: skip
    return Duel(task, verdict, behind, line)


def _place(
    board: Board, task: str, method: str, objectives: list[str]
) -> tuple[str, float | None]:
    """Return the place on a task in words, and its middle; a dash where there is none."""
    of_seed = board.outcomes[task]
    alone = method not in objectives or len(objectives) < 2
    if alone or task not in board.ranked_tasks or not solved(of_seed, objectives):
        return "–", None
    found = task_ranks(of_seed, objectives, sorted(of_seed))
    k = objectives.index(method)
    low, high = f"{found.low[k]:.1f}".removesuffix(".0"), f"{found.high[k]:.1f}".removesuffix(".0")
    span = low if low == high else f"{low} to {high}"
    return f"{span} of {len(objectives)}", float(found.middle[k])


def _verdict(
    board: Board,
    row: Row,
    task: str,
    scores: dict[str, float],
    *,
    middle: float | None,
    count: int,
) -> str:
    if row.raw[task].failed:
        return "failed"
    if middle is None:
        return "not ranked"
    if row.method in scores and scores[row.method] == max(scores.values()):
        return "best"
    if row.method in best_methods(board, task):
        return "level with the best"
    return "last" if middle >= count else "behind"


def _worst_first(one: Duel) -> tuple[bool, float, str]:
    return one.verdict != "failed", -(one.behind or 0.0), one.task
