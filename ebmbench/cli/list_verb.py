"""``ebmbench list``: what exists."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.table import Table

from ebmbench import catalog
from ebmbench.cli.consoles import make_console
from ebmbench.metrics.info import METRIC_INFO


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
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*[_cell(value) for value in row.values()])
    make_console().print(table)


def _cell(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _tasks() -> list[dict[str, Any]]:
    return [
        {"name": card.name, "title": card.title, "log Z": card.metrics.log_z, "tags": card.tags}
        for card in catalog.tasks().values()
    ]


def _methods() -> list[dict[str, Any]]:
    return [
        {"name": card.name, "family": card.family, "title": card.title}
        for card in catalog.methods().values()
    ]


def _metrics() -> list[dict[str, Any]]:
    return [
        {
            "name": info.name,
            "unit": info.unit,
            "better": "higher" if info.higher_is_better else "lower",
            "title": info.title,
        }
        for info in METRIC_INFO.values()
    ]
