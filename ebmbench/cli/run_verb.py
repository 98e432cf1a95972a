"""``ebmbench run``: the main job."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Literal

import click

from ebmbench.cards import CHECKPOINT_SECONDS, PRESETS, SELECTIONS, Preset, Selection
from ebmbench.cli.consoles import make_console, make_reporter, show_standing, write_and_show
from ebmbench.cli.planning import plan_event, plan_words, print_assumed, print_plan
from ebmbench.harness.executors.server import start_server
from ebmbench.settings import asked_cards


@click.command("run")
@click.option("--methods", required=True, help="Names, globs, tag:…, card paths, or all.")
@click.option("--tasks", required=True, help="Names, globs, tag:…, card paths, or all.")
@click.option("--seeds", type=int, help="Seeds 0 … N−1. Default: 1, 3 or 5 by preset.")
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="standard",
    show_default=True,
    help="smoke: seconds a run. standard: a laptop, minutes. full: the budget of the cards.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="WHO.KEY=VALUE",
    help="A value in place of a card's: dsm.sigma=0.05, '*.learning_rate=3e-4', "
    "task.budget.steps=100. Several values, 0.02,0.05, make a variant of the method each.",
)
@click.option("--steps", type=int, help="Training steps, in place of the preset's.")
@click.option(
    "--selection",
    type=click.Choice(SELECTIONS),
    default="own-loss",
    show_default=True,
    help="Weights that are scored: of the lowest own validation loss, or of the last step.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Output folder. [runs/PRESET]")
@click.option("--jobs", type=int, help="Worker processes of one thread. [one per core]")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where data files lie.")
@click.option("--timeout", type=float, help="Stop a run after this many seconds.")
@click.option(
    "--checkpoint",
    type=float,
    default=CHECKPOINT_SECONDS,
    show_default=True,
    help="Seconds between two states that are kept of a run, from which it goes on if killed.",
)
@click.option(
    "--executor", type=click.Choice(["local", "dask"]), default="local", show_default=True
)
@click.option("--scheduler", help="Address of a dask scheduler. [a cluster on this machine]")
@click.option(
    "--cost",
    type=click.Choice(["shared", "alone"]),
    default="shared",
    show_default=True,
    help="alone: one run at a time, so that timings can be published.",
)
@click.option("--force", is_flag=True, help="Run again what is already done.")
@click.option("--plan", "plan_only", is_flag=True, help="Say what would be done, and stop.")
@click.option("--quiet", is_flag=True, help="Print only the leaderboard.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per event on stdout.")
def command(
    methods: str,
    tasks: str,
    seeds: int | None,
    preset: Preset,
    settings: tuple[str, ...],
    steps: int | None,
    selection: Selection,
    out: Path | None,
    jobs: int | None,
    device: str,
    data_dir: Path | None,
    timeout: float | None,
    checkpoint: float,
    executor: Literal["local", "dask"],
    scheduler: str | None,
    cost: Literal["shared", "alone"],
    force: bool,
    plan_only: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Train and evaluate methods on tasks; ends with the leaderboard.

    What is done already is not done again: run the same command to resume. Exit status: 0 all
    runs ok (or skipped for a stated reason), 1 some run was not, 2 the request was wrong.
    """
    chosen_tasks, chosen_methods = asked_cards(
        tasks, methods, settings, preset=preset, steps=steps
    )
    # Torch is loaded from here on, and not for a request that is wrong on its face: by the
    # processes of the runs and by this one at the same time.
    if executor == "local" and not plan_only:
        start_server()
    from ebmbench.harness.forecast import forecast, known_costs, machine_ratio
    from ebmbench.harness.grid import execute, nothing_new, plan, workers_at_a_time
    from ebmbench.harness.job import placed
    from ebmbench.harness.progress import Events, Reporter
    from ebmbench.records import Status, read_records
    from ebmbench.report.write import tables_stand, write_tables

    folder = out or Path("runs") / preset
    console = make_console()
    if not (quiet or as_json):
        print_assumed(chosen_tasks, console)
    request = plan(
        chosen_tasks,
        chosen_methods,
        folder,
        preset=preset,
        seeds=seeds,
        steps=steps,
        device=device,
        data_dir=data_dir,
        force=force,
        selection=selection,
        look_only=plan_only,
        checkpoint=checkpoint,
    )
    known = known_costs(folder) if request.run or plan_only else {}
    ratio = machine_ratio(known) if plan_only else None
    expected = forecast(request.run, known, ratio or 1.0)
    workers = workers_at_a_time(jobs, timeout, executor, scheduler, cost)
    if as_json:
        click.echo(json.dumps(plan_event(request, expected)))
    elif plan_only:
        print_plan(request, known, ratio, console)
    if not (quiet or as_json):
        words = plan_words(request, expected, workers)
        console.print(words, markup=False, highlight=False)
    if plan_only:
        return 0
    if nothing_new(request, folder) and tables_stand(folder, request.seen):
        if not as_json:
            show_standing(folder, console)
        return 0
    reporter: Reporter
    if as_json:
        reporter = Events(sys.stdout)
    elif quiet:
        reporter = Reporter()
    else:
        reporter = make_reporter(len(request.run), console)
    records = execute(
        request,
        folder,
        reporter,
        workers=jobs,
        timeout=timeout,
        executor=executor,
        scheduler=scheduler,
        cost=cost,
    )
    everything = placed(read_records(folder), [*chosen_tasks, *chosen_methods])
    if as_json:
        write_tables(everything, folder)
    else:
        write_and_show(everything, folder, console)
        console.print(f"`ebmbench report {folder}` adds a site", soft_wrap=True, highlight=False)
    return int(any(r.status not in (Status.OK, Status.SKIPPED) for r in records))
