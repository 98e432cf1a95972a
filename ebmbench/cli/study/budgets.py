"""``ebmbench study budgets``: what more training buys, and who is ahead at equal cost."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench import catalog
from ebmbench.cards import PRESETS, Preset
from ebmbench.errors import EbmbenchError


@click.command("budgets")
@click.option("--tasks", default="tag:tuning", show_default=True, help="As for `ebmbench run`.")
@click.option("--methods", default="all", show_default=True, help="Those with an objective.")
@click.option("--seeds", type=int, default=1, show_default=True)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default="full",
    show_default=True,
    help="Whose budget is the unit: from a sixteenth of its steps to twice as many.",
)
@click.option("--jobs", type=int, help="Worker processes of one thread. [one per core]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/budgets"),
    show_default=True,
    help="A folder of records per length, page and pictures; run again to resume.",
)
def command(
    tasks: str, methods: str, seeds: int, preset: Preset, jobs: int | None, out: Path
) -> int:
    """Train for six lengths, each with its own decay; say where to end and who is ahead when.

    Exit status: 0 all runs ended, 1 some did not.
    """
    from ebmbench.cli.consoles import make_console, make_reporter
    from ebmbench.files import write_atomically
    from ebmbench.harness.grid import execute, plan_jobs
    from ebmbench.harness.provenance import machine, now, versions
    from ebmbench.numerics import configure
    from ebmbench.records import Status, read_records
    from ebmbench.report.stats.outcomes import GAUSSIAN
    from ebmbench.studies.budgets.ladder import (
        FACTORS,
        rung_folder,
        rung_jobs,
        to_frame,
    )
    from ebmbench.studies.budgets.page import to_markdown
    from ebmbench.studies.budgets.pictures import draw_family, picture_name

    if seeds < 1:
        raise EbmbenchError(f"--seeds is {seeds}, allowed: at least 1")
    chosen = catalog.select_tasks(tasks)
    cards = [card for card in catalog.select_methods(methods) if card.objective]
    if not cards:
        raise EbmbenchError(f"--methods is {methods!r}, and none of them has an objective")
    those = [catalog.methods()[GAUSSIAN], *cards]
    console = make_console()
    bad = False
    # The short ones first, since a page can be made of what is there.
    for factor in FACTORS:
        folder = rung_folder(out, factor)
        request = plan_jobs(rung_jobs(chosen, those, factor, seeds=seeds, preset=preset), folder)
        console.print(f"{factor:g} × the steps of {preset}: {len(request.run)} to run")
        reporter = make_reporter(len(request.run), console)
        records = execute(request, folder, reporter, workers=jobs)
        bad = bad or any(r.status not in (Status.OK, Status.SKIPPED) for r in records)
    frame = to_frame((factor, read_records(rung_folder(out, factor))) for factor in FACTORS)
    tolerances = {
        record.task: record.task_card.metrics.tolerance
        for record in read_records(rung_folder(out, FACTORS[0]))
    }
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
