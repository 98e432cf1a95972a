"""Telling the user what runs, how far it is, what ended how, and how long it will take."""

from __future__ import annotations

import json
import time
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from ebmbench.harness.job import Job
from ebmbench.records import Record, Status

STYLE = {Status.OK: "green", Status.SKIPPED: "yellow"}


class Reporter:
    """What an executor tells. This one shows nothing; subclasses show what they override."""

    def note(self, text: str) -> None:
        """Something that the user should know, in a line."""

    def started(self, job: Job) -> None:
        """A worker took up a job."""

    def progress(self, job: Job, step: int, total: int) -> None:
        """A job has made ``step`` of ``total`` training steps."""

    def finished(self, job: Job, record: Record) -> None:
        """A job ended."""

    def close(self) -> None:
        """Nothing more will come."""


def summary(record: Record) -> str:
    """Return what a finished run is worth, in a few words."""
    if record.status is not Status.OK:
        return f"{record.status}: {record.message}"
    words = []
    likelihood = record.metrics.get("log_likelihood")
    if likelihood is not None:
        words.append(f"log-likelihood {likelihood.value:z.3f} nats")
        if not likelihood.certified:
            words[-1] += " (refused)"
    if record.cost is not None:
        words.append(f"{record.cost.train_seconds:.1f} s training")
        words.append(f"{record.cost.evaluation_seconds:.1f} s evaluation")
    return ", ".join(words)


class Lines(Reporter):
    """One plain line per finished run, for logs and pipes."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total = total
        self._stream = stream
        self._done = 0
        self._clock = _Clock(total)

    def note(self, text: str) -> None:
        """See :class:`Reporter`."""
        print(text, file=self._stream, flush=True)

    def finished(self, job: Job, record: Record) -> None:
        """See :class:`Reporter`."""
        self._done += 1
        left = self._clock.left(self._done)
        line = f"[{self._done}/{self._total}] {job.label}: {summary(record)}; {left} left"
        print(line, file=self._stream, flush=True)


class Events(Reporter):
    """One JSON object per line and event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def note(self, text: str) -> None:
        """See :class:`Reporter`."""
        print(json.dumps({"event": "note", "text": text}), file=self._stream, flush=True)

    def started(self, job: Job) -> None:
        """See :class:`Reporter`."""
        self._emit("started", job)

    def progress(self, job: Job, step: int, total: int) -> None:
        """See :class:`Reporter`."""
        self._emit("progress", job, step=step, total=total)

    def finished(self, job: Job, record: Record) -> None:
        """See :class:`Reporter`."""
        values = {name: metric.value for name, metric in record.metrics.items()}
        status, message = record.status.value, record.message
        self._emit("finished", job, status=status, message=message, metrics=values)

    def _emit(self, event: str, job: Job, **values: object) -> None:
        who = {"task": job.task.name, "method": job.method.name, "seed": job.seed}
        print(json.dumps({"event": event, **who, **values}), file=self._stream, flush=True)


class Display(Reporter):
    """A live display: one bar per running job, one for the whole, finished runs above."""

    def __init__(self, total: int, console: Console) -> None:
        self._console = console
        self._clock = _Clock(total)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
        )
        self._all = self._bars.add_task("[bold]all runs", total=total, left="")
        self._rows: dict[str, TaskID] = {}
        self._live = Live(self._bars, console=console, refresh_per_second=4)
        self._live.start()

    def note(self, text: str) -> None:
        """See :class:`Reporter`."""
        self._console.print(escape(text))

    def started(self, job: Job) -> None:
        """See :class:`Reporter`."""
        self._rows[job.label] = self._bars.add_task(escape(job.label), total=None, left="")

    def progress(self, job: Job, step: int, total: int) -> None:
        """See :class:`Reporter`."""
        left = "evaluating" if step == total else ""
        self._bars.update(self._rows[job.label], completed=step, total=total, left=left)

    def finished(self, job: Job, record: Record) -> None:
        """See :class:`Reporter`."""
        row = self._rows.pop(job.label, None)
        if row is not None:
            self._bars.remove_task(row)
        self._bars.advance(self._all)
        done = int(self._bars.tasks[0].completed)
        self._bars.update(self._all, left=f"{self._clock.left(done)} left")
        style = STYLE.get(record.status, "bold red")
        self._console.print(
            f"[{style}]●[/] {escape(job.label)}  [dim]{escape(summary(record))}[/]"
        )

    def close(self) -> None:
        """See :class:`Reporter`."""
        self._live.stop()


class _Clock:
    """Estimates the time left from the mean time of the runs that ended."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began = time.monotonic()

    def left(self, done: int) -> str:
        seconds = (time.monotonic() - self._began) / done * (self._total - done)
        return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
