"""``ebmbench study budgets``: what more training buys, and who is ahead at equal cost."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench import catalog
from ebmbench.cards import PRESETS, Preset
from ebmbench.cli.training import JOBS, METHODS, PACKED, at_least_one, objectives


@click.command("budgets")
@click.option("--tasks", default="tag:tuning", show_default=True, help="As for `ebmbench run`.")
@METHODS
@click.option("--seeds", type=int, default=1, show_default=True)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="full",
    show_default=True,
    help="Whose budget is the unit: from a sixteenth of its steps to twice as many.",
)
@JOBS
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/budgets"),
    show_default=True,
    help="A folder of records per length, page and pictures; run again to resume.",
)
@PACKED
def command(
    tasks: str,
    methods: str,
    seeds: int,
    preset: Preset,
    jobs: int | None,
    out: Path,
    packed: Path | None,
) -> int:
    """Train for six lengths, each with its own decay; say where to end and who is ahead when.

    Exit status: 0 all runs ended, 1 some did not.
    """
    from ebmbench.cli.consoles import make_console, make_reporter
    from ebmbench.files import write_atomically
    from ebmbench.harness.grid import execute, plan_jobs
    from ebmbench.harness.provenance import machine, now, versions
    from ebmbench.numerics import configure
    from ebmbench.records import Status, carried, read_records
    from ebmbench.report.stats.outcomes import GAUSSIAN
    from ebmbench.studies.budgets.ladder import (
        FACTORS,
        rung_folder,
        rung_jobs,
        to_frame,
    )
    from ebmbench.studies.budgets.page import to_markdown
    from ebmbench.studies.budgets.pictures import draw_family, picture_name

    at_least_one(seeds)
    chosen = catalog.select_tasks(tasks)
    those = [catalog.methods()[GAUSSIAN], *objectives(methods)]
    console = make_console()
    bad = False
    # The short ones first, since a page can be made of what is there.
    with carried(out, packed):
        for factor in FACTORS:
            folder = rung_folder(out, factor)
            wanted = rung_jobs(chosen, those, factor, seeds=seeds, preset=preset)
            request = plan_jobs(wanted, folder)
            console.print(f"{factor:g} × the steps of {preset}: {len(request.run)} to run")
            reporter = make_reporter(len(request.run), console)
            records = execute(request, folder, reporter, workers=jobs)
            bad = bad or any(r.status not in (Status.OK, Status.SKIPPED) for r in records)
    found = {factor: read_records(rung_folder(out, factor)) for factor in FACTORS}
    frame = to_frame(found.items())
    tolerances = {record.task: record.task_card.metrics.tolerance for record in found[FACTORS[0]]}
    words = machine("cpu", configure(threads=1)) | versions()
    write_atomically(out / "budgets.csv", frame.to_csv(index=False, float_format="%.6g"))
    write_atomically(out / "budgets.md", to_markdown(frame, tolerances, words, now()))
    for family, rows in frame.groupby("family"):
        draw_family(rows).savefig(out / picture_name(str(family)), dpi=110)
    console.print(
        f"Written to {out}: budgets.md, budgets.csv, budgets-*.png", soft_wrap=True,
        highlight=False,
    )  # fmt: skip
    return int(bad)
