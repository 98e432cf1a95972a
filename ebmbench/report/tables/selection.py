"""What selection changes, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from ebmbench.report.stats.families import TITLES, family_title
from ebmbench.report.stats.selection import MethodChange, Span
from ebmbench.report.tables.text import csv_text, markdown_table

COLUMNS = (
    "method",
    "runs",
    "stopped earlier",
    "gain over the last step, nats",
    "least … most",
    "not certified",
    "last step lost",
    "by likelihood, nats more",
    "at most",
)
LEGEND = (
    "Weights of the lowest own validation loss against those of the last step, in nats per test "
    "row: the median over tasks of means over seeds, and the tasks at the ends. *Not certified*: "
    "runs in which a number of the gain is refused; its value stands. *Last step lost*: runs "
    "whose last weights are out of every reasonable range. *By likelihood*: what the mark of the "
    "highest validation likelihood has more, in nats per validation row; for information, since "
    "a user of the objective does not have it. Empty where no log Z is cheap."
)
CSV_COLUMNS = ("family", "method", "task", "seed", "kept", "gain", "certified", "likelier", "lost")
NONE = "–"


def selection_rows(changes: Sequence[MethodChange]) -> list[list[str]]:
    """Return the cells of one family's table, one row per objective, under :data:`COLUMNS`."""
    rows = []
    for change in changes:
        gain, likelier = Span.of(change.gains()), Span.of(change.likelier())
        rows.append(
            [
                change.method,
                str(len(change.runs)),
                str(change.earlier),
                NONE if gain is None else f"{gain.middle:+.3f}",
                NONE if gain is None else f"{gain.low:+.3f} … {gain.high:+.3f}",
                str(change.refused),
                str(change.lost),
                NONE if likelier is None else f"{likelier.middle:.3f}",
                NONE if likelier is None else f"{likelier.high:.3f}",
            ]
        )
    return rows


def selection_markdown(changes: Sequence[MethodChange]) -> str:
    """Return a table per family as Markdown."""
    parts = ["# What selection changes", "", LEGEND, ""]
    for family in families(changes):
        rows = selection_rows([change for change in changes if change.family == family])
        parts += [f"## {family_title(family)}", "", *markdown_table(COLUMNS, rows), ""]
    return "\n".join(parts)


def selection_csv(changes: Sequence[MethodChange]) -> str:
    """Return a row per run: what it kept, gained, and would have gained by the likelihood."""
    rows = (
        [change.family, change.method, run.task, run.seed, run.kept, *numbers]
        for change in changes
        for run in change.runs
        for numbers in [(run.gain, run.certified, run.likelier, run.lost)]
    )
    return csv_text(CSV_COLUMNS, rows)


def families(changes: Sequence[MethodChange]) -> list[str]:
    """Return the families in the order of the report."""
    found = {change.family for change in changes}
    return [name for name in TITLES if name in found] + sorted(found - TITLES.keys())
