"""Running the cells of an experiment in worker processes; what is done is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ebmbench.files import write_atomically
from ebmbench.studies.pool import as_they_end
from ebmbench.studies.reproductions.base import Cell, Table, cell_id, make_experiment
from ebmbench.studies.reproductions.card import ReproductionCard

if TYPE_CHECKING:
    from ebmbench.cards import Preset


def run_cells(
    card: ReproductionCard,
    preset: Preset,
    folder: Path,
    workers: int,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Run the cells that are not there yet; return what failed, in words.

    Every cell is one JSON file under ``folder/cells``, written when it ends.

    Arguments:
        card: the experiment.
        preset: which grid.
        folder: of the experiment.
        workers: processes at a time, of one thread each.
        progress: called with the finished and all cells.
    """
    cells = make_experiment(card, preset).cells()
    missing = [cell for cell in cells if not _path(card, cell, folder).is_file()]
    done = len(cells) - len(missing)
    progress(done, len(cells))
    failed: list[str] = []
    calls = {k: (_run, (card, preset, cell)) for k, cell in enumerate(missing)}
    for k, future in as_they_end(calls, workers):
        cell = missing[k]
        done += 1
        try:
            content = {"cell": cell, "result": future.result()}
            write_atomically(_path(card, cell, folder), json.dumps(content, indent=1))
        except Exception as error:
            # One cell must not take the others with it; it is tried again next time.
            failed.append(f"{cell}: {type(error).__name__}: {error}")
        progress(done, len(cells))
    return failed


def read_cells(card: ReproductionCard, preset: Preset, folder: Path) -> Table:
    """Return the finished cells of a grid, one row each: its values and its results."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for cell in make_experiment(card, preset).cells():
        path = _path(card, cell, folder)
        if path.is_file():
            content = json.loads(path.read_text(encoding="utf-8"))
            rows.append(content["cell"] | content["result"])
    return pd.DataFrame(rows)


def _path(card: ReproductionCard, cell: Cell, folder: Path) -> Path:
    return folder / "cells" / f"{cell_id(card, cell)}.json"


def _run(card: ReproductionCard, preset: Preset, cell: Cell) -> dict[str, float]:
    return make_experiment(card, preset).run(cell)
