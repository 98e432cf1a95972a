"""A page per method: equation, source, cost, assumptions, values, and where it wins and loses."""

from __future__ import annotations

from ebmbench.cards import MethodCard
from ebmbench.report.site.content import Content, mark_of
from ebmbench.report.site.links import method_link, task_link
from ebmbench.report.site.page_table import Column, Entry, Line, Sheet, words
from ebmbench.report.site.render import Page
from ebmbench.report.stats.boards import Board, Row, below_gaussian, kind_of
from ebmbench.report.stats.intervals import ranks
from ebmbench.report.tables.words import COST_TITLES, cost_texts, marked_text


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
    duels = [_duel(content, board, row, task) for board, row in rows for task in board.tasks]
    columns = [
        Column("task", numeric=False),
        Column("log-likelihood, nats"),
        Column("place", explained="among the objectives of the task"),
        Column("behind the best, nats"),
        Column("verdict", numeric=False),
    ]
    values = {
        "card": card,
        "kind": kind_of(card),
        "costs": [(board.title, cost_texts(row)) for board, row in rows],
        "cost_titles": COST_TITLES,
        "parameters": _parameters(content, card),
        "sheet": Sheet(f"method-{method}", "On every task", columns, [line for line, _ in duels]),
        "wins": [name for _, (verdict, name) in duels if verdict == "best"],
        "losses": [name for _, (verdict, name) in duels if verdict in ("last", "failed")],
    }
    return Page(method_link(method), "method.html", values)


def methods_page(content: Content) -> Page:
    """Return the list of methods."""
    return Page("methods.html", "methods.html", {"methods": list(content.methods.values())})


def _duel(content: Content, board: Board, row: Row, task: str) -> tuple[Line, tuple[str, str]]:
    """Return the line of one task, and the verdict on it with the task's name."""
    cell = row.raw[task]
    others = {
        r.method: None if (score := r.raw[task].score) is None else score.mean
        for r in board.rows
        if not r.kind and r.raw[task].takes_part
    }
    top = max((score for score in others.values() if score is not None), default=None)
    place = None if top is None else ranks(others, higher_is_better=True).get(row.method)
    gap = None if cell.score is None or top is None else top - cell.score.mean
    verdict = _verdict(place, len(others), cell.score is None and cell.takes_part)
    below = "; below the Gaussian" if below_gaussian(board, row, task) else ""
    line = Line(
        [
            Entry(task, task, task_link(task)),
            Entry(
                marked_text(board, row, task, raw=True),
                None if cell.score is None else cell.score.mean,
                content.behind(task, row.method),
                mark_of(cell),
            ),
            Entry("–" if place is None else f"{place:g} of {len(others)}", place),
            Entry("–" if gap is None else f"{gap:.3f}", gap),
            *words(verdict + below),
        ]
    )
    return line, (verdict, task)


def _verdict(place: float | None, count: int, failed: bool) -> str:
    if failed:
        return "failed"
    if place is None or count < 2:
        return "not ranked"
    if place < 2:
        return "best"
    return "last" if place >= count else "between"


def _parameters(content: Content, card: MethodCard) -> Sheet:
    """Return every hyper-parameter with what was used and where it was searched."""
    used: dict[str, dict[str, list[str]]] = {}
    for (task, method), runs in content.pairs.items():
        if method == card.name:
            mine = runs[0].method_card
            shown = mine.hyperparameters | (mine.optimiser.model_dump() if mine.objective else {})
            for name, value in shown.items():
                used.setdefault(name, {}).setdefault(str(value), []).append(task)
    lines = []
    for name, by_value in sorted(used.items()):
        texts = [
            value if len(by_value) == 1 else f"{value} ({_some(tasks)})"
            for value, tasks in by_value.items()
        ]
        lines.append(Line(words(name.replace("_", " "), "; ".join(texts), _searched(card, name))))
    columns = [Column(title, numeric=False) for title in ("name", "used", "searched")]
    return Sheet(f"values-{card.name}", "Hyper-parameters as used", columns, lines)


def _some(tasks: list[str]) -> str:
    """Name tasks by their folder where there are many."""
    if len(tasks) <= 3:
        return ", ".join(tasks)
    folders = sorted({task.partition("/")[0] for task in tasks})
    return f"{len(tasks)} tasks of {', '.join(folders)}"


def _searched(card: MethodCard, name: str) -> str:
    span = card.search.get(name)
    if span is None:
        return "–"
    if span.choices:
        return ", ".join(map(str, span.choices))
    return f"{span.low:g} to {span.high:g}" + (", log scale" if span.log else "")
