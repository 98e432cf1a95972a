"""Running a few recorded jobs again, to see whether the numbers come back.

A check of hashes cannot tell a number that somebody wrote from one that a run gave; a run can. One
cell a family is run again from its cards by the code of a worker: data, training, evaluation.

How far the numbers may lie apart, the largest of:

- a thousandth, relative to numbers above 1, for rounding
  (:data:`~ebmbench.harness.rescore.AGREEMENT`);
- four standard errors of a difference of two evaluations, each with the standard error found
  now (the recorded one may be what is wrong): another processor draws other chains;
- the spread, largest less smallest, over the seeds of the same cell: the run of now and the other
  seeds of the folder. Rounding grows along a training, so that another processor or another
  version of torch ends at other weights. At worst they are those of an independent run, and runs
  on the same rows lie no further apart than runs whose rows differ too. A few seeds estimate
  that spread from below, so what is found calls for a look, not for a verdict.

The same processor with the same versions gives the same bits. A metric that has neither a
standard error nor a second seed says nothing about how far it may move, and is not compared.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data
from ebmbench.harness.job import requested_job
from ebmbench.harness.rescore import AGREEMENT
from ebmbench.harness.run import run_job
from ebmbench.records import MetricRecord, Record, Status

SHORT = 60.0
"""Seconds, as recorded; a longer cell is taken only where a family has no shorter one."""
HEADLINE = "log_likelihood"


@dataclass(frozen=True)
class Rerun:
    """What became of one family."""

    family: str
    record: Record | None
    """The cell that was chosen; ``None``: none can be run here."""
    words: str
    """What was found, or why nothing was run."""
    problems: tuple[str, ...] = ()
    """What did not come back; empty: all did."""


def rerun_folder(
    records: Sequence[Record],
    data_dir: Path | None = None,
    tell: Callable[[Record], None] = lambda record: None,
) -> Iterator[Rerun]:
    """Run one cheap cell of every family of tasks again, in order of the families.

    Nothing is written into the folder that the records are from.

    Arguments:
        records: of a folder.
        data_dir: where data files are looked for first.
        tell: called with each record before its job is run.

    Yields:
        What became of each family, as it ends.
    """
    for family in sorted({record.task_card.family for record in records}):
        of_family = [record for record in records if record.task_card.family == family]
        chosen, reason = _choose(of_family, data_dir)
        if chosen is None:
            yield Rerun(family, None, f"skipped: {reason}")
            continue
        tell(chosen)
        others = [
            record
            for record in of_family
            if (record.task, record.method) == (chosen.task, chosen.method)
            and record.seed != chosen.seed
            and record.status is Status.OK
        ]
        with tempfile.TemporaryDirectory(prefix="ebmbench-rerun-") as folder:
            again = run_job(requested_job(chosen, data_dir), Path(folder), contended=False)
        yield judge(family, chosen, again, others)


def judge(family: str, before: Record, again: Record, others: Sequence[Record]) -> Rerun:
    """Compare a run with its record.

    Arguments:
        family: of the task.
        before: the record.
        again: of the same job, run now.
        others: good records of the same task and method with other seeds.
    """
    if again.status is not Status.OK:
        problem = f"is recorded as ok and is {again.status.value} now: {again.message}"
        return Rerun(family, before, "did not come back", (problem,))
    problems: list[str] = []
    compared: list[str] = []
    for name in sorted(before.metrics.keys() | again.metrics.keys()):
        old, new = before.metrics.get(name), again.metrics.get(name)
        if old is None or new is None:
            # What is measured beside the card's own metrics may have come since.
            if new is None or name in before.task_card.metrics.names:
                where = "the record" if old is None else "the run"
                problems.append(f"{name} is missing from {where}")
            continue
        seeds = [record.metrics[name].value for record in others if name in record.metrics]
        slack = allowance(new, seeds)
        if slack is None:
            continue
        compared.append(name)
        if not (abs(new.value - old.value) <= slack or old.value == new.value):
            problems.append(
                f"{name} is {old.value:.6g}, the run gives {new.value:.6g}; "
                f"they may differ by {slack:.2g}"
            )
    notes = [f"{len(compared)} of {len(before.metrics)} metrics compared"]
    if HEADLINE in compared:
        difference = again.metrics[HEADLINE].value - before.metrics[HEADLINE].value
        notes.insert(0, f"{HEADLINE} {before.metrics[HEADLINE].value:.6g}, {difference:+.2g} now")
    if not compared:
        problems.append("no metric can be compared")
    return Rerun(
        family, before, "; ".join([*notes, *_circumstances(before, again)]), tuple(problems)
    )


def allowance(again: MetricRecord, others: Sequence[float]) -> float | None:
    """Return how far a number may lie from its record, or ``None`` where nothing says how far.

    Arguments:
        again: the number found now.
        others: recorded numbers of the same task and method, one for every other seed.
    """
    # The recorded number itself is not among them: it would widen the spread by its own error.
    seeds = [value for value in (again.value, *others) if math.isfinite(value)]
    if again.stderr is None and len(seeds) < 2:
        return None
    rounding = AGREEMENT * max(1.0, abs(again.value)) if math.isfinite(again.value) else 0.0
    errors = 4 * math.sqrt(2) * (again.stderr or 0.0)
    return max(rounding, errors, max(seeds) - min(seeds) if seeds else 0.0)


def _choose(records: Sequence[Record], data_dir: Path | None) -> tuple[Record | None, str]:
    """Return the cheapest run whose data are at hand, or why there is none.

    Short ones come first, and among them those that train: a reference that is fitted in closed
    form says little about the training.
    """
    good = [r for r in records if r.status is Status.OK and r.cost is not None and r.metrics]
    reason = "no run ended ok"
    at_hand: dict[tuple[str, int], str] = {}
    for record in sorted(good, key=_preference):
        if record.machine.get("device", "cpu") != "cpu":
            reason = f"{record.task} × {record.method} was trained on another device than a CPU"
            continue
        key = (record.task, record.seed)
        if key not in at_hand:
            at_hand[key] = _missing(record, data_dir)
        if not at_hand[key]:
            return record, ""
        reason = at_hand[key]
    return None, reason


def _preference(record: Record) -> tuple[bool, bool, float, str, str, int]:
    reference = record.method_card.objective is None
    long = seconds(record) > SHORT
    return long, reference, seconds(record), record.task, record.method, record.seed


def label(record: Record) -> str:
    """Return which run it is, in words."""
    return f"{record.task} × {record.method} seed {record.seed}"


def seconds(record: Record) -> float:
    """Return the recorded seconds of training and evaluation, 0 where none are recorded."""
    return record.cost.train_seconds + record.cost.evaluation_seconds if record.cost else 0.0


def _missing(record: Record, data_dir: Path | None) -> str:
    """Return why the rows of a record cannot be had; empty: they can."""
    try:
        load_data(record.task_card, record.seed, data_dir)
    except EbmbenchError as error:
        return str(error)
    return ""


def _circumstances(before: Record, again: Record) -> Iterator[str]:
    """Say what was not the same, which may be why a number is not."""
    if before.hashes.get("data") != again.hashes.get("data"):
        yield "the rows are not the same bits"
    if before.hashes.get("code") != again.hashes.get("code"):
        yield "the code is another one than then"
    for name in ("torch", "numpy"):
        then, now = before.versions.get(name), again.versions.get(name)
        if then != now:
            yield f"{name} {then} then, {now} now"
    if before.machine.get("processor") != again.machine.get("processor"):
        yield "another processor"
