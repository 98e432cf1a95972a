"""``ebmbench compare``: what changed between two output folders."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option(
    "--metric", default="log_likelihood", show_default=True, help="A metric or a cost by name."
)
@click.option("--fail-on-regression", is_flag=True, help="Exit status 1 if anything got worse.")
def command(first: Path, second: Path, metric: str, fail_on_regression: bool) -> int:
    """Say what got better or worse from FIRST to SECOND, paired over seeds."""
    from rich import box
    from rich.table import Table

    from ebmbench.cli.consoles import make_console
    from ebmbench.records import read_records
    from ebmbench.report.stats.changes import Verdict, compare

    changes = compare(read_records(first), read_records(second), metric)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("task", "method", "verdict", "difference", ""):
        table.add_column(name)
    colours = {Verdict.BETTER: "green", Verdict.WORSE: "bold red"}
    for change in changes:
        gap = change.difference
        text = ""
        if gap is not None:
            width = "" if gap.half_width is None else f" ± {gap.half_width:.2g}"
            text = f"{gap.mean:+.4g}{width} {change.unit}"
        style = colours.get(change.verdict, "")
        table.add_row(
            change.task, change.method, change.verdict.value, text, change.words, style=style
        )
    make_console().print(table)
    worse = any(change.verdict is Verdict.WORSE for change in changes)
    return int(worse and fail_on_regression)
