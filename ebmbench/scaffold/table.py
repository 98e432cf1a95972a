"""The card of a table as TOML, to be edited."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ebmbench.cards import PRESETS, TaskCard
from ebmbench.cardtables import Budget
from ebmbench.tablefiles.card import table_card

HEAD = """\
# Made from the rows and columns of {table}. Change what is not so; what the words mean,
# `ebmbench.datasets.csv_table` says, and `ebmbench check ./{name}.toml` whether it holds.
"""


def table_toml(table: Path, folder: Path, name: str | None = None) -> tuple[str, str]:
    """Return the name of a card for a table and its text.

    Arguments:
        table: the file.
        folder: where the card will lie, to which the path of the table is relative.
        name: of the card; ``None``: that of the file.

    Raises:
        EbmbenchError: the file cannot be read, or holds no column of numbers.
    """
    card = table_card(table, name)
    path = Path(os.path.relpath(table, folder)).as_posix()
    return card.name, HEAD.format(table=table.name, name=card.name) + _toml(card, path)


def _toml(card: TaskCard, path: str) -> str:
    options = card.data.options | {"path": path}
    sizes = {k: v for k in ("validation", "test") if (v := getattr(card.data, k)) is not None}
    budgets = {preset: _budget(getattr(card.budget, preset)) for preset in PRESETS}
    tables: dict[str, dict[str, Any]] = {
        "": {
            "name": card.name,
            "version": card.version,
            "title": card.title,
            "family": card.family,
            "summary": card.summary,
            "licence": card.licence,
            "preprocessing": card.preprocessing,
        },
        "data": {"loader": card.data.loader} | sizes,
        "data.options": options,
        "energy": {"kind": card.energy.kind},
        "energy.options": card.energy.options,
    } | {f"budget.{preset}": budget for preset, budget in budgets.items()}
    tables["metrics"] = card.metrics.model_dump()
    tables["citation"] = {"text": card.citation.text}
    return "\n".join(_table(name, values) for name, values in tables.items())


def _budget(budget: Budget) -> dict[str, int]:
    return {"steps": budget.steps, "batch": budget.batch}


def _table(name: str, values: dict[str, Any]) -> str:
    head = f"[{name}]\n" if name else ""
    # Strings, numbers, truth values and lists of them are written in TOML as they are in JSON.
    return head + "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()
    )
