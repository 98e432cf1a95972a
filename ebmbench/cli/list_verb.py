"""``ebmbench list``: what exists."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click
from rich.table import Table

from ebmbench.cardfiles import Kind, card_files, read_toml
from ebmbench.cli.consoles import make_console
from ebmbench.metrics.registry import find_metrics, metric_names


@click.command("list")
@click.argument("kind", type=click.Choice(["tasks", "methods", "metrics"]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
def command(kind: str, as_json: bool) -> None:
    """List tasks, methods or metrics."""
    rows = {"tasks": _tasks, "methods": _methods, "metrics": _metrics}[kind]()
    if as_json:
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in rows[0]:
        table.add_column(column, overflow="fold", no_wrap=column == "name")
    for row in rows:
        table.add_row(*[_cell(value) for value in row.values()])
    make_console().print(table)


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _tasks() -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "title": card.get("title", ""),
            "log Z": card.get("metrics", {}).get("log_z", ""),
            "tags": card.get("tags", []),
        }
        for name, card in _cards("tasks")
    ]


def _methods() -> list[dict[str, Any]]:
    return [
        {"name": name, "family": card.get("family", ""), "title": card.get("title", "")}
        for name, card in _cards("methods")
    ]


def _cards(kind: Kind) -> Iterator[tuple[str, dict[str, Any]]]:
    # As they stand: whether a card is valid is said where it is used.
    return ((name, read_toml(path)) for name, path in card_files(kind))


def _metrics() -> list[dict[str, Any]]:
    return [
        {
            "name": metric.name,
            "unit": metric.unit,
            "better": "higher" if metric.higher_is_better else "lower",
            "title": metric.title,
        }
        for metric in find_metrics(metric_names())
    ]
