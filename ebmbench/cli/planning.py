"""What a request comes to, in one line before it runs, and in full for ``--plan``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from ebmbench.cards import TaskCard
    from ebmbench.harness.forecast import Forecast, Known
    from ebmbench.harness.grid import Plan

REASONS_SHOWN = 5


def plan_words(request: Plan, found: Forecast, workers: int) -> str:
    """Return the line with which a run begins.

    Arguments:
        request: what is to be done.
        found: what the runs of it will come to.
        workers: how many run at a time.
    """
    from ebmbench.harness.forecast import forecast_words

    counts = {"done before": len(request.done), "skipped": len(request.skip)}
    words = [f"{count} {what}" for what, count in counts.items() if count]
    total = sum(counts.values()) + len(request.run)
    start = f"{total} run{'' if total == 1 else 's'}: "
    if not request.run:
        return start + ", ".join([*words, "nothing to run"])
    words.append(f"{len(request.run)} to run")
    parallel = f" with {workers} at a time" if workers > 1 and found.known else ""
    return f"{start}{', '.join(words)}; {forecast_words(found, workers)}{parallel}"


def plan_event(request: Plan, found: Forecast) -> dict[str, object]:
    """Return the same for another program; what is unknown is ``None``."""
    return {
        "event": "plan",
        "runs": len(request.run) + len(request.done) + len(request.skip),
        "done": len(request.done),
        "skipped": len(request.skip),
        "to_run": len(request.run),
        "seconds": round(found.seconds, 1) if found.known else None,
        "bytes": round(found.bytes) if found.known else None,
        "unknown": found.unknown,
    }


def print_plan(request: Plan, known: Known, ratio: float | None, console: Console) -> None:
    """Print what would be done, task by task.

    Arguments:
        request: what is to be done.
        known: what such runs have taken.
        ratio: from :func:`~ebmbench.harness.forecast.machine_ratio`.
        console: where to.
    """
    from ebmbench.harness.forecast import duration_words, forecast, size_words

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("task", overflow="fold")
    for name in ("to run", "done", "skipped", "time", "disk"):
        table.add_column(name, justify="right", no_wrap=True)
    jobs = [*request.done, *request.run, *(job for job, _ in request.skip)]
    tasks = dict.fromkeys(job.task.name for job in jobs)
    for task in tasks:
        mine = [job for job in request.run if job.task.name == task]
        found = forecast(mine, known, ratio or 1.0)
        table.add_row(
            task,
            str(len(mine)),
            str(sum(job.task.name == task for job in request.done)),
            str(sum(job.task.name == task for job, _ in request.skip)),
            duration_words(found.seconds) if found.known else "unknown" if mine else "",
            size_words(found.bytes) if found.known else "unknown" if mine else "",
        )
    console.print(table, highlight=False)
    reasons = list(dict.fromkeys(reason for _, reason in request.skip))
    for reason in reasons[:REASONS_SHOWN]:
        console.print(f"skipped: {reason}", markup=False, highlight=False)
    if ratio is None:
        words = "Nothing is published with this installation by which to scale times"
    else:
        words = (
            f"A training step takes {ratio:.2g} times as long here as where costs were published"
        )
    console.print(f"{words}; times are of runs one after another.", highlight=False)


def print_assumed(tasks: Iterable[TaskCard], console: Console) -> None:
    """Say what is assumed of tables that have no card."""
    from ebmbench.tablefiles.card import ASSUMED, assumed_words

    for card in tasks:
        if ASSUMED not in card.tags:
            continue
        path = Path(card.data.options["path"])
        if card.folder is not None and card.folder != Path.cwd():
            path = card.folder / path
        console.print(assumed_words(card), markup=False, highlight=False)
        # On a line of its own, so that it can be copied.
        hint = f"To change any of it: ebmbench new task --from {str(path)!r}"
        console.print(hint, markup=False, highlight=False, soft_wrap=True)
        console.print()
