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
    from rich.markup import escape
    from rich.table import Table

    from ebmbench.cli.consoles import make_console
    from ebmbench.records import read_records
    from ebmbench.report.stats.changes import Verdict, compare, totals
    from ebmbench.report.stats.rows import between
    from ebmbench.report.tables.words import interval_text

    before, after = read_records(first), read_records(second)
    changes = compare(before, after, metric, between(before, first, after, second))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("task", "method", "verdict", "difference", ""):
        table.add_column(name)
    colours = {Verdict.BETTER: "green", Verdict.WORSE: "bold red"}
    for change in changes:
        gap = change.difference
        text = "" if gap is None else f"{interval_text(gap)} {change.unit}"
        style = colours.get(change.verdict, "")
        table.add_row(
            change.task,
            escape(change.method),
            change.verdict.value,
            text,
            change.words,
            style=style,
        )
    console = make_console()
    console.print(table)
    whole = totals(changes)
    summed = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Totals, mean over tasks",
                   title_justify="left")  # fmt: skip
    for name in ("method", "tasks", "difference"):
        summed.add_column(name)
    for method, gap in whole.by_method.items():
        summed.add_row(escape(method), str(gap.n), f"{interval_text(gap)} {whole.unit}")
    if whole.overall is not None:
        gap = whole.overall
        summed.add_row("all", str(gap.n), f"{interval_text(gap)} {whole.unit}", style="bold")
        console.print(summed)
    counts = [f"{whole.counts[v]} {v.value}" for v in Verdict if whole.counts.get(v)]
    console.print(f"{len(changes)} pairs of task and method: {', '.join(counts)}.")
    return int(bool(whole.counts.get(Verdict.WORSE)) and fail_on_regression)
