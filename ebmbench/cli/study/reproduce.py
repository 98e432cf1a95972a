"""``ebmbench study reproduce``: published experiments, run again and judged."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench.cards import PRESETS, Preset
from ebmbench.errors import EbmbenchError
from ebmbench.studies.reproductions.card import select_reproductions


@click.command("reproduce")
@click.argument("names", metavar="NAME[,NAME…]|all")
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="standard",
    show_default=True,
    help="smoke: tries the code. standard: a laptop. full: the published protocol.",
)
@click.option("--jobs", type=int, help="Worker processes of one thread. [one per core]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/reproductions"),
    show_default=True,
    help="Every experiment has a folder in it; run again to resume.",
)
def command(names: str, preset: Preset, jobs: int | None, out: Path) -> int:
    """Run published experiments again: what was printed, what comes out, the verdict.

    Exit status: 0 all claims reproduce, 1 some do not or some cell failed.
    """
    chosen = select_reproductions(names)
    # Torch is loaded from here on, and not for a request that is wrong on its face.
    from ebmbench.cli.consoles import make_console
    from ebmbench.harness.executors.local import cores
    from ebmbench.harness.store import open_folder
    from ebmbench.studies.reproductions.base import judge, make_experiment
    from ebmbench.studies.reproductions.run import read_cells, run_cells
    from ebmbench.studies.reproductions.verdict_page import (
        print_verdicts,
        write_outcome,
        write_overview,
    )

    workers = cores() if jobs is None else jobs
    if not 1 <= workers <= cores():
        raise EbmbenchError(f"--jobs is {workers}, allowed: 1 to the {cores()} cores here")
    console = make_console()
    whole = True
    for card in chosen:
        folder = out / card.name
        open_folder(folder)
        with console.status(f"{card.name} …") as status:

            def show(done: int, total: int, name: str = card.name) -> None:
                status.update(f"{name}: {done} of {total} cells")

            failed = run_cells(card, preset, folder, workers, progress=show)
        for words in failed:
            console.print(f"{card.name}: a cell failed: {words}", style="red", soft_wrap=True)
        table = read_cells(card, preset, folder)
        if table.empty:
            raise EbmbenchError(f"reproduction {card.name!r}: no cell could be computed")
        experiment = make_experiment(card, preset)
        verdicts = judge(card, experiment, table)
        print_verdicts(card, verdicts, console)
        paths = write_outcome(card, preset, experiment, table, verdicts=verdicts, folder=folder)
        written = ", ".join(path.name for path in paths)
        console.print(f"Written to {folder}: {written}", soft_wrap=True, highlight=False)
        whole &= not failed and all(verdict.holds is not False for verdict in verdicts)
    write_overview(out)
    return int(not whole)
