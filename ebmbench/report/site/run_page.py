"""A page per run: everything that its record says."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ebmbench.cards import Card
from ebmbench.records import Cost, MetricRecord, Record
from ebmbench.report.site.content import Content
from ebmbench.report.site.curves import run_curves
from ebmbench.report.site.links import run_link
from ebmbench.report.site.pictures import Shown
from ebmbench.report.site.render import Page, to_number


def run_page(content: Content, run: Record, pictures: Sequence[Shown]) -> Page:
    """Return the page of a run.

    Arguments:
        content: of the site.
        run: its record.
        pictures: those stored beside it.
    """
    values = {
        "run": run,
        "siblings": content.pairs[run.task, run.method],
        "metrics": [(name, m, _bracket(m)) for name, m in sorted(run.metrics.items())],
        "costs": [] if run.cost is None else _costs(run.cost),
        "curves": run_curves(run, list(content.methods)),
        "cards": [("Task card", _text(run.task_card)), ("Method card", _text(run.method_card))],
        "facts": {
            "versions": run.versions,
            "machine": run.machine,
            "hashes": run.hashes | {"run": run.run_id},
        },
        "pictures": pictures,
    }
    return Page(run_link(run), "run.html", values)


def _bracket(metric: MetricRecord) -> str:
    if metric.lower is None or metric.upper is None:
        return "–"
    return f"{to_number(metric.lower, 5)} to {to_number(metric.upper, 5)}"


def _costs(cost: Cost) -> list[tuple[str, str]]:
    return [
        (name.replace("_", " "), to_number(value))
        for name, value in cost.model_dump().items()
        if value is not None
    ]


def _text(card: Card) -> str:
    return json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False)
