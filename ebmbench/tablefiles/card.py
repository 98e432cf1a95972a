"""A card for a table that has none: what is assumed of it, from its rows and columns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ebmbench.cards import TaskCard
from ebmbench.cardtables import Budget, Budgets, Citation, DataTable, EnergyTable, MetricsTable
from ebmbench.errors import EbmbenchError
from ebmbench.tablefiles.dialect import SEPARATORS, TEXT, Dialect, find_dialect
from ebmbench.tablefiles.reading import Array, Column, read_table_file

ASSUMED = "assumed"
"""The tag of a card that nobody has written."""
LONGEST_NAME = 50
MOST_TEST = 10_000
MOST_VALIDATION = 5_000


def table_card(path: Path, name: str | None = None) -> TaskCard:
    """Return a card for a table, with what is assumed of it in its text on preprocessing.

    Columns without a number (text, or nothing at all) and row numbers are left out. Whether the
    rest can be taken is looked at where rows are loaded, not here.

    Arguments:
        path: of the table.
        name: of the card; ``None``: that of the file.

    Raises:
        EbmbenchError: the file cannot be read, has a name that cannot be written down, or has no
            column of numbers.
    """
    if not str(path).isprintable():
        raise EbmbenchError(
            f"table {str(path)!r} has letters in its name that this locale does not know, "
            "allowed: those that can be printed; rename it, or set LC_ALL=C.UTF-8"
        )
    dialect = find_dialect(path) if path.suffix in TEXT else Dialect()
    table = read_table_file(path, dialect)
    dropped = {column.name: why for column in table.columns if (why := _no_density(column))}
    kept = table.select([], list(dropped))
    dim = len(kept.columns)
    rows = int(np.isfinite(np.stack([column.values for column in kept.columns], 1)).all(1).sum())
    test = 0.2 if rows < 1000 else 0.1
    options: dict[str, Any] = {"path": path.name}
    if path.suffix in TEXT:
        options |= vars(dialect)
    options |= {"drop": list(dropped), "missing": "refuse", "dequantise": 0.5, "whiten": False}
    options |= {"test_fraction": test, "validation_fraction": 0.1}
    name = name or _name(path)
    columns = "1 column" if dim == 1 else f"{dim} columns"
    card = TaskCard(
        name=name,
        version=1,
        title=f"{name.replace('-', ' ').capitalize()} ({columns})",
        family="uci",
        tags=[ASSUMED],
        summary=f"{rows} rows and {columns} of {path.name}.",
        licence="that of the table",
        preprocessing=_preprocessing(path, dialect, dropped, test),
        data=DataTable(
            loader="csv",
            options=options,
            test=MOST_TEST if test * rows > MOST_TEST else None,
            validation=MOST_VALIDATION if 0.09 * rows > MOST_VALIDATION else None,
        ),
        energy=EnergyTable(kind="mlp", options=_network(rows, dim)),
        budget=_budgets(rows),
        metrics=_metrics(dim),
        citation=Citation(text=f"The table {path.name}"),
    )
    return card.placed(path.resolve().parent)


def rows_card(rows: int, dim: int) -> TaskCard:
    """Return a card for rows in memory, of which no file and no network is known.

    Arguments:
        rows: number of them, which says how long a training is.
        dim: number of columns, which says how ``log Z`` is found.
    """
    return TaskCard(
        name="rows",
        version=1,
        title="Rows of one's own",
        family="rows",
        tags=[ASSUMED],
        summary=f"{rows} rows and {dim} columns.",
        licence="that of the rows",
        preprocessing="The rows as they are.",
        data=DataTable(loader="rows"),
        energy=EnergyTable(kind="mlp", options=_network(rows, dim)),
        budget=_budgets(rows),
        metrics=_metrics(dim),
        citation=Citation(text="The rows"),
    )


def assumed_words(card: TaskCard) -> str:
    """Return what is assumed of a table without a card, in a paragraph."""
    widths = "-".join(map(str, card.energy.options["hidden"]))
    budgets = ", ".join(
        f"{name} {budget.steps} steps of {budget.batch} rows"
        for name, budget in (("standard", card.budget.standard), ("full", card.budget.full))
    )
    found = "by annealing" if card.metrics.log_z == "ais" else "by quadrature"
    return (
        f"{card.summary} It has no card, so this is assumed. {card.preprocessing} "
        f"Network {widths} ({card.energy.options['activation']}); {budgets}; log Z {found}, "
        f"certified to {card.metrics.tolerance:g} nats."
    )


def _no_density(column: Column) -> str | None:
    """Say why a column is left out: a density in it means nothing."""
    filled = ~np.isnan(column.values)
    if not filled.any():
        return "text" if column.text.any() else "empty"
    values = column.values
    first_two_differ = len(values) > 1 and abs(values[1] - values[0]) == 1
    if first_two_differ and filled.all() and _consecutive(values):
        return "row numbers"
    return None


def _consecutive(values: Array) -> bool:
    steps = np.diff(values)
    return bool((steps == 1).all() or (steps == -1).all())


def _preprocessing(path: Path, dialect: Dialect, dropped: dict[str, str], test: float) -> str:
    words = []
    if path.suffix in TEXT:
        header = "names in the first line" if dialect.header else "no line of names"
        encoding = dialect.encoding.removesuffix("-sig").upper()
        words.append(
            f"Read as text in {encoding} with a {SEPARATORS[dialect.separator]} between cells, "
            f"decimal mark {dialect.decimal!r} and {header}."
        )
    if dropped:
        named = ", ".join(f"{name} ({why})" for name, why in dropped.items())
        words.append(f"Columns left out: {named}.")
    words.append(
        "Empty cells are refused. Rounded values are dequantised by uniform noise of half a "
        "median gap to each side. Each column is standardised by the training rows, not whitened; "
        "log-likelihoods are of standardised rows. "
        f"{100 * test:.0f} % of the rows are for the test, 10 % of the rest for validation."
    )
    return " ".join(words)


def _network(rows: int, dim: int) -> dict[str, Any]:
    """Return the network of the shipped tables of this size: wider for more rows and columns."""
    width = 128 if rows < 1000 else 256 if dim <= 100 else 512
    return {"hidden": [width, width], "activation": "silu"}


def _budgets(rows: int) -> Budgets:
    """Return the budgets of the shipped tables with as many rows."""
    batch, standard = (64, 1000) if rows < 500 else (128 if rows < 1000 else 256, 500)
    full = 2000 if rows < 100_000 else 10_000
    return Budgets(
        smoke=Budget(steps=10, batch=64),
        standard=Budget(steps=standard, batch=batch),
        full=Budget(steps=full, batch=batch),
    )


def _metrics(dim: int) -> MetricsTable:
    names = [
        "log_likelihood", "hyvarinen_score", "energy_distance", "sliced_wasserstein",
        "temperature_calibration", "inverse_temperature_error",
    ]  # fmt: skip
    names.append("log_z_error")
    if dim <= 3:
        # Heavy tails of real rows keep two boxes further apart than those of a known density.
        return MetricsTable(names=names, log_z="quadrature", tolerance=0.01)
    tolerance = 0.1 if dim < 64 else 0.5 if dim < 200 else 1.0
    return MetricsTable(names=names, log_z="ais", tolerance=tolerance)


def _name(path: Path) -> str:
    """Return the name of the file as one that a card may have."""
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:LONGEST_NAME].strip("-")
    if not name:
        raise EbmbenchError(
            f"table {str(path)!r} has no letter or digit in its name that a card's name may have, "
            "allowed: a to z and 0 to 9; rename it"
        )
    return name
