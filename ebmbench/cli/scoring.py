"""Scoring a model of one's own from the command line."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ebmbench import api
from ebmbench.cards import Preset, TaskCard
from ebmbench.cli.consoles import make_console
from ebmbench.errors import EbmbenchError

if TYPE_CHECKING:
    import pandas as pd

    from ebmbench.datasets.base import Dataset
    from ebmbench.metrics.measurements import Measurements


@dataclass(frozen=True)
class Rows:
    """Where the rows come from: a task, or one table or two."""

    task: str | None
    rows: Path | None
    train: Path | None
    data_dir: Path | None
    cards: str | None


def score_model(
    name: str,
    weights: Path | None,
    rows: Rows,
    *,
    log_density: bool,
    preset: Preset,
    seed: int,
    as_json: bool,
) -> None:
    """Build a model, give it its weights, measure it and show the numbers.

    Arguments:
        name: ``module:attribute`` of what builds it.
        weights: a safetensors file; ``None``: it is measured as it is built.
        rows: that it is scored on.
        log_density: whether it returns log-densities.
        preset: how much work the estimators of ``log Z`` may do.
        seed: of the task's rows and of the evaluation.
        as_json: whether programs read the output.

    Raises:
        EbmbenchError: the request is wrong, or the model or the rows are none that can be
            measured.
    """
    _refuse(rows)
    card = None if rows.task is None else api.task(rows.task)
    test, train = _read(rows, card, seed)

    # Torch is loaded from here on, and not for a request that is wrong on its face.
    from ebmbench.datasets.base import Dataset
    from ebmbench.harness.own_model import build_model, load_weights
    from ebmbench.harness.progress import Events, Lines, Reporter
    from ebmbench.numerics import configure

    model = build_model(name, test.dim if isinstance(test, Dataset) else test.shape[1])
    if weights is not None:
        load_weights(model, weights)
    configure(threads=1)
    reporter: Reporter = Events(sys.stdout) if as_json else Lines(0, sys.stdout)
    if weights is None:
        reporter.note("no --weights: the model is measured as it is built")
    found = api.evaluate(
        model,
        test,
        card,
        train=train,
        log_density=log_density,
        seed=seed,
        preset=preset,
        reporter=reporter,
    )
    if as_json:
        click.echo(json.dumps({"event": "scored", "metrics": _numbers(found)}))
    else:
        _show(name, found)


def _refuse(rows: Rows) -> None:
    if (rows.task is None) == (rows.rows is None):
        both = "both are" if rows.task else "none is"
        raise EbmbenchError(f"a model is scored with --task or with --rows; {both} given")
    if rows.task is not None and rows.train is not None:
        raise EbmbenchError("--train is for --rows only; a task has training rows of its own")
    if rows.cards is not None:
        raise EbmbenchError("--cards is for an output folder; --task takes the path of a card")


def _read(
    rows: Rows, card: TaskCard | None, seed: int
) -> tuple[Dataset | pd.DataFrame, pd.DataFrame | None]:
    """Return the test rows, and the training rows where they are given by themselves."""
    if card is not None:
        return api.load_data(card, seed, rows.data_dir), None
    assert rows.rows is not None
    train = None if rows.train is None else _table(rows.train)
    return _table(rows.rows), train


def _table(path: Path) -> pd.DataFrame:
    """Return the numbers of a table as they stand."""
    import pandas as pd

    from ebmbench.tablefiles.dialect import TEXT, Dialect, find_dialect
    from ebmbench.tablefiles.reading import read_table_file

    table = read_table_file(path, find_dialect(path) if path.suffix in TEXT else Dialect())
    return pd.DataFrame(table.numbers(), columns=pd.Index(table.names))


def _numbers(found: Measurements) -> dict[str, object]:
    def known(value: object) -> object:
        # JSON has no number that is not finite.
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {
        name: {
            **{key: known(value) for key, value in vars(each).items()},
            "unit": found.metrics[name].unit,
            "higher_is_better": found.metrics[name].higher_is_better,
        }
        for name, each in found.items()
    }


def _show(name: str, found: Measurements) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from ebmbench.metrics.measurements import HEAD

    table = Table(title=escape(name), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for word in HEAD:
        table.add_column(word, overflow="fold")
    for cells in found.cells():
        table.add_row(*map(escape, cells))
    console = make_console()
    console.print(table)
    for metric, each in found.items():
        if not each.certified:
            console.print(f"{metric}: {each.note}", markup=False, highlight=False)
