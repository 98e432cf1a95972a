"""How each number was made, what was certified and refused, and what to cite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import median

from ebmbench.divergence import LIMIT
from ebmbench.records import Record, Status
from ebmbench.report.site.content import Content
from ebmbench.report.site.links import task_link
from ebmbench.report.site.page_table import Column, Entry, Line, PageTable
from ebmbench.report.site.render import Page
from ebmbench.report.stats.boards import HEADLINE
from ebmbench.report.tables.bibtex import to_bibtex

OUTCOMES = ("certified", "refused", "failed", "skipped")


def numbers_page(content: Content) -> Page:
    """Return the page that says how numbers are made and which were refused."""
    lines = []
    for task, card in content.tasks.items():
        counts = Counter(
            outcome(run) for runs in content.runs_of_task(task).values() for run in runs
        )
        entries = [Entry(str(counts[name]), counts[name]) for name in OUTCOMES]
        how = Entry(card.metrics.log_z, card.metrics.log_z)
        tolerance = Entry(f"{card.metrics.tolerance:g}", card.metrics.tolerance)
        runs_here = [run for runs in content.runs_of_task(task).values() for run in runs]
        seconds = seconds_per_estimate(runs_here)
        took = Entry("", None) if seconds is None else Entry(f"{seconds:.2g}", seconds)
        lines.append(Line([Entry(task, task, task_link(task)), how, tolerance, took, *entries]))
    columns = [
        Column("task", numeric=False),
        Column("log Z by", numeric=False, explained="for energies that do not know their own"),
        Column("tolerance, nats", explained="the widest bracket of log Z that is certified"),
        Column("seconds", explained="of the processor, an estimate of log Z by annealing, median"),
        *map(Column, OUTCOMES),
    ]
    values = {
        "table": PageTable(
            "outcomes", "Runs by what became of their log-likelihood", columns, lines
        ),
        "notes": content.boards.notes,
        "limit": LIMIT,
        "facts": {
            "versions": _shared(run.versions for run in content.records),
            "machines": _shared(run.machine for run in content.records),
        },
    }
    return Page("numbers.html", "numbers.html", values)


def cite_page(content: Content) -> Page:
    """Return the page of citations, with the text that ``ebmbench cite`` prints."""
    cards = [*content.tasks.values(), *content.methods.values()]
    return Page("cite.html", "cite.html", {"bibtex": to_bibtex(cards), "cards": cards})


def outcome(run: Record) -> str:
    """Return in one word what became of a run's log-likelihood."""
    if run.status is Status.SKIPPED:
        return "skipped"
    if run.status is not Status.OK:
        return "failed"
    number = run.metrics.get(HEADLINE)
    return "certified" if number is not None and number.certified else "refused"


def seconds_per_estimate(runs: Iterable[Record]) -> float | None:
    """Return the median processor seconds of one ``log Z``, if a record says them."""
    seconds = [
        run.log_z.cpu_seconds
        for run in runs
        if run.log_z is not None and run.log_z.cpu_seconds is not None
    ]
    return median(seconds) if seconds else None


def _shared(tables: Iterable[dict[str, str]]) -> dict[str, str]:
    """Join what runs say under one name; most often all say the same."""
    found: dict[str, set[str]] = {}
    for table in tables:
        for name, value in table.items():
            found.setdefault(name, set()).add(value)
    return {name: " · ".join(sorted(values)) for name, values in sorted(found.items())}
