"""Quality against cost: two boards, by seconds and by network evaluations, and their plots."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ebmbench.report.site.comparisons import profile_plot
from ebmbench.report.site.content import Content
from ebmbench.report.site.links import method_link, task_link
from ebmbench.report.site.page_table import Column, Entry, Line, PageTable
from ebmbench.report.site.quality_cost import board_plot
from ebmbench.report.site.render import Page, to_number
from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.intervals import ranks
from ebmbench.report.stats.summary import summarise
from ebmbench.report.stats.targets import (
    CLOSED,
    complete,
    cost_to_target,
    evaluations,
    seconds,
    targets,
)

Costs = Mapping[str, Mapping[str, float | None]]
KINDS = {"seconds": seconds, "evaluations": evaluations}


def cost_page(content: Content) -> Page:
    """Return the page of quality against cost."""
    families = []
    for board in content.boards.boards:
        costs = {
            kind: cost_to_target(content.records, board, spent) for kind, spent in KINDS.items()
        }
        families.append(
            {
                "board": board,
                "pareto": board_plot(content, board, summarise(board)),
                "tables": [
                    cost_table(content, board, kind, of)
                    for kind, of in costs.items()
                    if targets(board)
                ],
                "profile": profile_plot(
                    board,
                    {kind: complete(of) for kind, of in costs.items()},
                    content.looks,
                ),
            }
        )
    values = {"families": families, "closed": f"{CLOSED:.0%}"}
    return Page("cost.html", "cost.html", values)


def cost_table(content: Content, board: Board, kind: str, costs: Costs) -> PageTable:
    """Return what each objective spends until a task is solved; failures count as worst.

    Arguments:
        content: of the site.
        board: of the family.
        kind: ``seconds`` or ``evaluations``.
        costs: of :func:`ebmbench.report.stats.targets.cost_to_target`.
    """
    tasks = sorted({task for of in costs.values() for task in of}, key=board.tasks.index)
    places = _mean_ranks(costs, tasks)
    lines = [
        Line(
            [
                Entry(method, method, method_link(method)),
                Entry(f"{place:.1f}" if place is not None else "incomplete", place,
                      mark="" if place is not None else "incomplete"),
                *(_entry(content, task, method, costs[method][task], kind=kind) for task in tasks),
            ],
            {"family": content.methods[method].family},
        )
        for method, place in sorted(places.items(), key=lambda p: (p[1] is None, p[1] or 0, p[0]))
    ]  # fmt: skip
    titles = [Column(board.labels[task], task_link(task)) for task in tasks]
    unit = "training seconds" if kind == "seconds" else "network evaluations"
    return PageTable(
        f"by-{kind}-{board.family}",
        f"{board.title}, by {kind}: {unit} until solved, mean over seeds",
        [Column("method", numeric=False), Column("mean rank"), *titles],
        lines,
    )


def _mean_ranks(costs: Costs, tasks: Sequence[str]) -> dict[str, float | None]:
    """Rank objectives per task, failures last; a task that nobody solves ranks nobody."""
    places: dict[str, list[float]] = {method: [] for method in costs}
    solved = [t for t in tasks if any(_finite(of[t]) for of in costs.values())]
    for task in solved:
        taking = {
            m: v if _finite(v) else None for m, of in costs.items() if (v := of[task]) is not None
        }
        for method, place in ranks(taking, higher_is_better=False).items():
            places[method].append(place)
    whole = len(solved)
    return {m: sum(of) / whole if whole and len(of) == whole else None for m, of in places.items()}


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _entry(content: Content, task: str, method: str, value: float | None, *, kind: str) -> Entry:
    link = content.behind(task, method)
    if value is None:
        return Entry("no part", None, link, "absent")
    if not math.isfinite(value):
        return Entry("not reached", None, link, "failed")
    text = f"{value:,.0f}" if kind == "evaluations" else to_number(value, 3)
    return Entry(text, value, link)
