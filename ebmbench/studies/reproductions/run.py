"""Running the cells of an experiment in worker processes; what is done is not done again."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ebmbench.files import write_atomically
from ebmbench.harness.executors.child import end_with_the_parent, fork_server
from ebmbench.numerics import configure
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
    if not missing:
        return failed
    context = fork_server()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start) as pool:
        waiting = {pool.submit(_run, card, preset, cell): cell for cell in missing}
        try:
            for future in as_completed(waiting):
                cell = waiting[future]
                done += 1
                try:
                    content = {"cell": cell, "result": future.result()}
                    write_atomically(_path(card, cell, folder), json.dumps(content, indent=1))
                except Exception as error:
                    # One cell must not take the others with it; it is tried again next time.
                    failed.append(f"{cell}: {type(error).__name__}: {error}")
                progress(done, len(cells))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
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


def _start() -> None:
    configure(threads=1)
    end_with_the_parent()


def _run(card: ReproductionCard, preset: Preset, cell: Cell) -> dict[str, float]:
    return make_experiment(card, preset).run(cell)
