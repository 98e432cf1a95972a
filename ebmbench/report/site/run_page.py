"""A page per run: everything that its record says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from markupsafe import escape

from ebmbench.cards import Card
from ebmbench.records import MetricRecord, Record, RunCost, Status
from ebmbench.report.site.content import Content
from ebmbench.report.site.curves import run_curves
from ebmbench.report.site.links import run_link
from ebmbench.report.site.numbers_page import outcome
from ebmbench.report.site.page_table import Entry
from ebmbench.report.site.pictures import Gallery, Shown
from ebmbench.report.site.render import Page, to_number
from ebmbench.report.stats.boards import HEADLINE
from ebmbench.report.stats.reasons import UNKNOWN, explain


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
    siblings = [(run.seed, _sibling(run)) for run in runs]
    for run in runs:
        pictures = gallery.stored.get((run.task, run.method, run.seed), ())
        values = _values(content, run, pictures)
        yield Page(run_link(run), "run.html", values | {"cards": cards, "siblings": siblings})


def _values(content: Content, run: Record, pictures: Sequence[Shown]) -> dict[str, Any]:
    return {
        "run": run,
        "metrics": [(name, m, _bracket(m)) for name, m in sorted(run.metrics.items())],
        "costs": [] if run.cost is None else _costs(run.cost),
        "shows": _shown(run),
        "curves": run_curves(run, content.looks),
        "facts": {
            "versions": run.versions,
            "machine": run.machine,
            "hashes": run.hashes | {"run": run.run_id},
        },
        "pictures": pictures,
    }


def _shown(run: Record) -> str:
    """Return what a run shows beyond how it ended, which its message says; empty for nothing."""
    if run.status is not Status.OK or run.method_card.objective is None:
        return ""
    text = explain([run])
    return "" if text == UNKNOWN else text


def _sibling(run: Record) -> Entry:
    """Return what one seed brought to the cell."""
    number = run.metrics.get(HEADLINE)
    word = outcome(run)
    if word == "certified" and number is not None:
        return Entry(f"{number.value:.4f}", link=run_link(run))
    mark = word if word == "refused" else "failed"
    text = word if word == "refused" else run.status.value.replace("_", " ")
    return Entry(text, link=run_link(run), mark=mark)


def _bracket(metric: MetricRecord) -> str:
    if metric.lower is None or metric.upper is None:
        return "–"
    return f"{to_number(metric.lower, 5)} to {to_number(metric.upper, 5)}"


def _costs(cost: RunCost) -> list[tuple[str, str]]:
    return [
        (name.replace("_", " "), to_number(value))
        for name, value in cost.model_dump().items()
        if value is not None
    ]


def _text(card: Card) -> str:
    return json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False)
