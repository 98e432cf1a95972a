"""What selection changes, as a table and a plot of every family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ebmbench.report.site.links import method_link
from ebmbench.report.site.page_table import Column, Entry, Line, PageTable
from ebmbench.report.site.plot import Plot, Style, axis, rounded
from ebmbench.report.stats.families import family_title
from ebmbench.report.stats.selection import MethodChange, Span
from ebmbench.report.tables.selection import COLUMNS, families, selection_rows


def selection_values(
    changes: Sequence[MethodChange], looks: Mapping[str, Style]
) -> list[dict[str, Any]]:
    """Return, per family, the table and the plot of what selection changes.

    Arguments:
        changes: of all families.
        looks: of the methods.
    """
    found = []
    for family in families(changes):
        of_family = [change for change in changes if change.family == family]
        found.append({"table": _table(family, of_family), "plot": _plot(family, of_family, looks)})
    return found


def _table(family: str, changes: Sequence[MethodChange]) -> PageTable:
    lines = []
    for change, (method, *texts) in zip(changes, selection_rows(changes), strict=True):
        gain, likelier = Span.of(change.gains()), Span.of(change.likelier())
        values = [
            len(change.runs),
            change.earlier,
            None if gain is None else gain.middle,
            None if gain is None else gain.high,
            change.refused,
            change.lost,
            None if likelier is None else likelier.middle,
            None if likelier is None else likelier.high,
        ]
        cells = [Entry(text, value) for text, value in zip(texts, values, strict=True)]
        lines.append(Line([Entry(method, method, method_link(method)), *cells]))
    columns = [Column(title, numeric=title != "method") for title in COLUMNS]
    caption = f"{family_title(family)}: what selection changes"
    return PageTable(f"selection-{family}", caption, columns, lines)


def _plot(family: str, changes: Sequence[MethodChange], looks: Mapping[str, Style]) -> Plot:
    kinds = {
        "own loss over the last step": [change.gains() for change in changes],
        "likelihood over own loss": [change.likelier() for change in changes],
    }
    variants = {}
    for kind, values in kinds.items():
        data = [
            {
                "type": "scatter", "mode": "markers", "name": change.method, "showlegend": False,
                "x": rounded(list(of.values())), "y": [change.method] * len(of),
                "text": list(of), "hovertemplate": "%{text}: %{x:.4g} nats<extra></extra>",
                "marker": {"symbol": looks[change.method].symbol, "size": 9, "opacity": 0.7,
                           "color": looks[change.method].color},
            }
            for change, of in zip(changes, values, strict=True)
            if of
        ]  # fmt: skip
        if data:
            layout = {
                "xaxis": axis(f"nats per row, {kind}"),
                "yaxis": axis("", reverse=True, type="category"),
                "height": 150 + 28 * len(changes),
                "showlegend": False,
            }
            variants[kind] = {"data": data, "layout": layout}
    note = "A mark per task, mean over seeds; the choice by likelihood is for information."
    title = f"{family_title(family)}: what selection changes, task by task"
    return Plot(f"selection-plot-{family}", title, note, variants)
