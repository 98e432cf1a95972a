"""A page per task: the data, the network, the budget, reference values and every method."""

from __future__ import annotations

from collections.abc import Sequence

from ebmbench.cards import PRESETS
from ebmbench.records import Record, Status
from ebmbench.report.site.content import Content, mark_of
from ebmbench.report.site.curves import task_curves
from ebmbench.report.site.links import method_link, task_link
from ebmbench.report.site.page_table import Column, Entry, Line, PageTable
from ebmbench.report.site.pictures import Gallery, Shown
from ebmbench.report.site.quality_cost import task_plot
from ebmbench.report.site.render import Page
from ebmbench.report.stats.boards import (
    ABSENT,
    Board,
    Measure,
    Row,
    below_gaussian,
    kind_of,
    make_cell,
)
from ebmbench.report.stats.reasons import UNKNOWN, explain
from ebmbench.report.tables.words import best_methods, cell_text, marked_text

MEANINGS = {
    Measure.REGRET: "below the true density of the same rows; lower is better",
    Measure.GAIN: "above the Gaussian fitted to the same rows; higher is better",
}


def task_page(content: Content, task: str, gallery: Gallery) -> Page:
    """Return the page of a task.

    Arguments:
        content: of the site.
        task: its name.
        gallery: the pictures of the site.
    """
    card = content.tasks[task]
    runs = content.runs_of_task(task)
    board = content.board_of(task)
    values = {
        "card": card,
        "budgets": [(preset, getattr(card.budget, preset)) for preset in PRESETS],
        "optimum": None if board is None else board.optimum.get(task),
        "reference": None if board is None else board.reference(task),
        "table": _methods_table(content, task, runs, board),
        "pareto": None if board is None else task_plot(content, board, task),
        "curves": task_curves(runs, content.looks),
        "strips": gallery.strips.get(task, {}),
        "stored": _stored(task, gallery),
    }
    return Page(task_link(task), "task.html", values)


def tasks_page(content: Content) -> Page:
    """Return the list of tasks."""
    return Page("tasks.html", "tasks.html", {"tasks": list(content.tasks.values())})


def _methods_table(
    content: Content, task: str, runs: dict[str, list[Record]], board: Board | None
) -> PageTable:
    measure = Measure.RAW if board is None else board.measures[task]
    paired = measure is not Measure.RAW
    metrics = sorted(
        {name for of in runs.values() for run in of for name in run.metrics}
        - ({"regret"} if measure is Measure.REGRET else set()),
        key=lambda name: (name != "log_likelihood", name != "regret", name),
    )
    order = {row.method: k for k, row in enumerate(board.rows)} if board is not None else {}
    best = set() if board is None else best_methods(board, task)
    expected = max(len(of) for of in runs.values())
    columns = [
        Column("method", numeric=False),
        *([Column(f"{measure.value}, nats", explained=MEANINGS[measure])] if paired else []),
        Column("what the runs show", numeric=False, minor=True,
               explained="computed from the curve, checks and diagnostics of the runs"),
        *(
            Column(f"{name.replace('_', ' ')}, {_unit(runs, name)}", minor=k > 0)
            for k, name in enumerate(metrics)
        ),
        Column("family", numeric=False, minor=True),
    ]  # fmt: skip
    rows = {} if board is None else {row.method: row for row in board.rows}
    lines = []
    for method in sorted(runs, key=lambda name: (order.get(name, len(order)), name)):
        card = content.methods[method]
        entries = [Entry(method, method, method_link(method), note=kind_of(card))]
        if board is not None and paired:
            entries.append(_paired(content, board, rows.get(method), task, best=method in best))
        entries.append(_shown(runs[method], method in best))
        for name in metrics:
            cell = make_cell(runs[method], expected, name)
            headline = name == "log_likelihood" and not paired
            entries.append(
                Entry(
                    cell_text(cell, raw=name == "log_likelihood"),
                    None if cell.score is None else cell.score.mean,
                    content.behind(task, method),
                    "best" if headline and method in best else mark_of(cell),
                )
            )
        entries.append(Entry(card.family, card.family))
        lines.append(Line(entries, {"family": card.family}, kind_of(card)))
    seeds = f"mean ± 95 % interval over {expected} seeds" if expected > 1 else "one seed"
    return PageTable(f"methods-{task.replace('/', '-')}", f"Every method, {seeds}", columns, lines)


def _paired(content: Content, board: Board, row: Row | None, task: str, *, best: bool) -> Entry:
    if row is None:
        return Entry(ABSENT, mark="absent")
    cell = row.cells[task]
    below = "below" if below_gaussian(board, row, task) else ""
    return Entry(
        marked_text(board, row, task),
        None if cell.score is None else cell.score.mean,
        content.behind(task, row.method),
        "best" if best else mark_of(cell) or below,
    )


def _shown(runs: Sequence[Record], level: bool) -> Entry:
    """Say what the runs show; nothing of those that nobody has to explain."""
    kind = kind_of(runs[0].method_card)
    if kind == "reference" or all(run.status is Status.SKIPPED for run in runs):
        return Entry("–", mark="wide")
    text = explain(runs)
    return Entry("–" if text == UNKNOWN and (level or kind) else text, mark="wide")


def _unit(runs: dict[str, list[Record]], metric: str) -> str:
    return next(
        run.metrics[metric].unit for of in runs.values() for run in of if metric in run.metrics
    )


def _stored(task: str, gallery: Gallery) -> dict[str, Sequence[Shown]]:
    """Return the pictures that the runs of seed 0 stored, by method."""
    return {
        method: shown
        for (name, method, seed), shown in sorted(gallery.stored.items())
        if name == task and seed == 0
    }
