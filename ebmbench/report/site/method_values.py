"""The hyper-parameters of a method: what was used where, and where it was searched."""

from __future__ import annotations

from ebmbench.cards import MethodCard
from ebmbench.report.site.content import Content
from ebmbench.report.site.page_table import Column, Line, PageTable, words


def values_table(content: Content, card: MethodCard) -> PageTable:
    """Return every hyper-parameter of a method with what was used and where it was searched."""
    used: dict[str, dict[str, list[str]]] = {}
    for (task, method), runs in content.pairs.items():
        if method == card.name:
            mine = runs[0].method_card
            shown = mine.hyperparameters | (mine.optimiser.model_dump() if mine.objective else {})
            # what was used, which an energy may have limited; records of 0.1 do not say
            if runs[0].coordinates:
                shown["coordinates"] = runs[0].coordinates
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
    return PageTable(f"values-{card.name}", "Hyper-parameters as used", columns, lines)


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
