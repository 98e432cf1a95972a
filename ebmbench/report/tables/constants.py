"""Who knows its own constant, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from ebmbench.report.stats.constants import MethodConstants
from ebmbench.report.stats.families import family_title, natural_order
from ebmbench.report.tables.text import csv_text, markdown_table

LEGEND = (
    "The log Z that a method brings less the one that the evaluation found, in nats: what its own "
    "log-likelihoods are too low by. A cell is a mean over seeds; *size* is the median over tasks "
    "of absolute values, by which rows are ordered. *Not certified*: runs in which the "
    "evaluation's log Z is refused, so that nothing can be said."
)
CSV_COLUMNS = ("family", "method", "task", "seed", "own", "found", "stderr", "certified", "error")
NONE = "–"


def constants_columns(methods: Sequence[MethodConstants]) -> list[str]:
    """Return the heads of one family's table: its tasks come last."""
    tasks = {run.task for each in methods for run in each.runs}
    return ["method", "size", "not certified", *sorted(tasks, key=natural_order)]


def constants_rows(methods: Sequence[MethodConstants]) -> list[list[str]]:
    """Return the cells of one family's table, under :func:`constants_columns`."""
    tasks = constants_columns(methods)[3:]
    rows = []
    for each in methods:
        errors = each.errors()
        size = NONE if each.size is None else f"{each.size:.3f}"
        cells = [f"{errors[task]:+.3f}" if task in errors else NONE for task in tasks]
        rows.append([each.method, size, str(each.refused), *cells])
    return rows


def constants_markdown(methods: Sequence[MethodConstants]) -> str:
    """Return a table per family as Markdown."""
    parts = ["# Who knows its own constant", "", LEGEND, ""]
    for family in dict.fromkeys(each.family for each in methods):
        of_family = [each for each in methods if each.family == family]
        table = markdown_table(constants_columns(of_family), constants_rows(of_family))
        parts += [f"## {family_title(family)}", "", *table, ""]
    return "\n".join(parts)


def constants_csv(methods: Sequence[MethodConstants]) -> str:
    """Return a row per run."""
    rows = (
        [each.family, each.method, run.task, run.seed, *numbers]
        for each in methods
        for run in each.runs
        for numbers in [(run.own, run.found, run.stderr, run.certified, run.error)]
    )
    return csv_text(CSV_COLUMNS, rows)
