"""Grids of runs, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ebmbench.api.arguments import as_path, as_words, refuse_choice, refuse_count, refuse_kind
from ebmbench.cards import CHECKPOINT_SECONDS, SELECTIONS, Preset, Selection

if TYPE_CHECKING:
    import pandas as pd


def run(
    methods: str | Iterable[str],
    tasks: str | Iterable[str],
    out: Path | str,
    *,
    preset: Preset = "standard",
    settings: Iterable[str] = (),
    seeds: int | None = None,
    steps: int | None = None,
    jobs: int | None = None,
    device: str = "cpu",
    data_dir: Path | str | None = None,
    timeout: float | None = None,
    checkpoint: float = CHECKPOINT_SECONDS,
    force: bool = False,
    executor: Literal["local", "dask"] = "local",
    scheduler: str | None = None,
    cost: Literal["shared", "alone"] = "shared",
    selection: Selection = "own-loss",
) -> pd.DataFrame:
    """Run a grid in worker processes, write tables and pictures, and return the tidy table.

    What is done already under ``out`` is not done again. The arguments are those of
    ``ebmbench run``; ``settings`` are those of ``--set``, such as ``["dsm.sigma=0.02,0.05"]``.

    Raises:
        EbmbenchError: the request is wrong, or nothing of it can be done.
    """
    from ebmbench.harness.grid import execute, plan
    from ebmbench.harness.job import placed, refuse_preset
    from ebmbench.harness.progress import Reporter
    from ebmbench.records import read_records
    from ebmbench.report.write import write_tables
    from ebmbench.settings import asked_cards

    refuse_preset(preset)
    refuse_choice("selection", selection, SELECTIONS)
    refuse_choice("device", device, ("cpu", "cuda"))
    refuse_choice("executor", executor, ("local", "dask"))
    refuse_choice("cost", cost, ("shared", "alone"))
    for key, count in (("seeds", seeds), ("steps", steps), ("jobs", jobs)):
        refuse_count(key, count, 1)
    if timeout is not None:
        refuse_kind("timeout", timeout, (int, float), "seconds")
    refuse_kind("checkpoint", checkpoint, (int, float), "seconds")
    words = as_words("settings", settings)
    folder = as_path("out", out)
    chosen_tasks, chosen_methods = asked_cards(
        as_words("tasks", tasks),
        as_words("methods", methods),
        [words] if isinstance(words, str) else words,
        preset=preset,
        steps=steps,
    )
    request = plan(
        chosen_tasks,
        chosen_methods,
        folder,
        preset=preset,
        seeds=seeds,
        steps=steps,
        device=device,
        data_dir=None if data_dir is None else as_path("data_dir", data_dir),
        force=force,
        selection=selection,
        checkpoint=checkpoint,
    )
    execute(
        request,
        folder,
        Reporter(),
        workers=jobs,
        timeout=timeout,
        executor=executor,
        scheduler=scheduler,
        cost=cost,
    )
    write_tables(placed(read_records(folder), [*chosen_tasks, *chosen_methods]), folder)
    return results(folder)


def results(out: Path | str) -> pd.DataFrame:
    """Return the tidy table of an output folder: a row per task, method, seed and metric."""
    import pandas as pd

    from ebmbench.records import COLUMNS, read_records, tidy_rows

    return pd.DataFrame(tidy_rows(read_records(as_path("out", out))), columns=COLUMNS)


def leaderboard(out: Path | str) -> str:
    """Return the leaderboard of an output folder as Markdown."""
    from ebmbench.records import read_records
    from ebmbench.report.tables.markdown import to_markdown
    from ebmbench.report.write import read_boards

    folder = as_path("out", out)
    return to_markdown(read_boards(read_records(folder), folder))
