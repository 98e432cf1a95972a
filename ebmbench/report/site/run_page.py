"""A page per run: everything that its record says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from ebmbench.cards import Card
from ebmbench.records import Cost, MetricRecord, Record
from ebmbench.report.site.content import Content
from ebmbench.report.site.curves import run_curves
from ebmbench.report.site.links import run_link
from ebmbench.report.site.pictures import Gallery, Shown
from ebmbench.report.site.render import Page, to_number


def run_pages(content: Content, runs: Sequence[Record], gallery: Gallery) -> Iterator[Page]:
    """Yield the pages of the runs of one method on one task.

    Arguments:
        content: of the site.
        runs: their records, which hold the same cards.
        gallery: the pictures of the site.
    """
    # Escaped once for all seeds: cards are most of a page.
    cards = [
        ("Task card", escape(_text(runs[0].task_card))),
        ("Method card", escape(_text(runs[0].method_card))),
    ]
    for run in runs:
        yield _page(content, run, gallery.stored.get((run.task, run.method, run.seed), ()), cards)


def _page(
    content: Content, run: Record, pictures: Sequence[Shown], cards: Sequence[tuple[str, Markup]]
) -> Page:
    values = {
        "run": run,
        "siblings": content.pairs[run.task, run.method],
        "metrics": [(name, m, _bracket(m)) for name, m in sorted(run.metrics.items())],
        "costs": [] if run.cost is None else _costs(run.cost),
        "curves": run_curves(run, content.looks),
        "cards": cards,
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
