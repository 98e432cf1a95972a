"""``ebmbench study limits``: where each objective breaks."""

from __future__ import annotations

from pathlib import Path

import click

from ebmbench import catalog
from ebmbench.cards import PRESETS, Preset
from ebmbench.cli.training import JOBS, METHODS, PACKED, at_least_one, objectives
from ebmbench.errors import EbmbenchError, did_you_mean


@click.command("limits")
@click.option("--axes", "names", default="all", show_default=True, help="With commas.")
@METHODS
@click.option("--seeds", type=int, default=1, show_default=True)
@click.option(
    "--preset", type=click.Choice(PRESETS), default="standard", show_default=True, help="Budget."
)
@JOBS
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("runs/limits"),
    show_default=True,
    help="Records, page and pictures; run again to resume.",
)
@PACKED
def command(
    names: str,
    methods: str,
    seeds: int,
    preset: Preset,
    jobs: int | None,
    out: Path,
    packed: Path | None,
) -> int:
    """Train objectives along one difficulty at a time and say where each breaks.

    Exit status: 0 all runs ended, 1 some did not.
    """
    from ebmbench.cli.consoles import make_console, make_reporter
    from ebmbench.files import write_atomically
    from ebmbench.harness.grid import execute, plan_jobs
    from ebmbench.harness.provenance import machine, now, versions
    from ebmbench.numerics import configure
    from ebmbench.records import Status, carried, read_records
    from ebmbench.report.stats.outcomes import GAUSSIAN
    from ebmbench.studies.limits.axes import AXES
    from ebmbench.studies.limits.grid import make_limit_jobs, to_frame
    from ebmbench.studies.limits.page import to_markdown
    from ebmbench.studies.limits.pictures import draw_axis

    asked = list(AXES) if names == "all" else [word.strip() for word in names.split(",")]
    for word in asked:
        if word not in AXES:
            raise EbmbenchError(f"unknown axis {word!r}{did_you_mean(word, AXES)}")
    at_least_one(seeds)
    axes = [AXES[word] for word in asked]
    cards = objectives(methods)
    gaussian = catalog.methods()[GAUSSIAN]
    console = make_console()
    with carried(out, packed):
        wanted = make_limit_jobs(axes, cards, gaussian, seeds=seeds, preset=preset)
        request = plan_jobs(wanted, out)
        records = execute(request, out, make_reporter(len(request.run), console), workers=jobs)
    frame = to_frame(read_records(out))
    there = [axis for axis in AXES.values() if axis.name in set(frame["axis"])]
    words = machine("cpu", configure(threads=1)) | versions()
    write_atomically(out / "limits.csv", frame.to_csv(index=False, float_format="%.6g"))
    write_atomically(out / "limits.md", to_markdown(frame, there, words, now()))
    for axis in there:
        draw_axis(frame, axis).savefig(out / f"limits-{axis.name}.png", dpi=110)
    console.print(
        f"Written to {out}: limits.md, limits.csv, limits-*.png", soft_wrap=True, highlight=False
    )
    return int(any(r.status not in (Status.OK, Status.SKIPPED) for r in records))
