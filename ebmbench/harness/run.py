"""One run, from data to record, in a process of its own."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ebmbench.calculus import path as calculus_path
from ebmbench.datasets.store import DataUnavailable
from ebmbench.errors import EbmbenchError, first_line
from ebmbench.harness.build import load_data
from ebmbench.harness.checkpoint import (
    Checkpoint,
    checkpoint_path,
    drop_checkpoint,
    identity,
)
from ebmbench.harness.evaluation import evaluate_job, with_last
from ebmbench.harness.fitting import Progress, fit
from ebmbench.harness.identity import named_hashes
from ebmbench.harness.job import Job
from ebmbench.harness.provenance import data_hash, machine, now
from ebmbench.harness.record import make_record
from ebmbench.harness.store import Artifacts, write_run
from ebmbench.harness.weights import packed_weights
from ebmbench.numerics import configure
from ebmbench.records import Curve, Record, RunOutcome, Status


@dataclass
class _Known:
    """What is known so far; a failure later on loses none of it."""

    outcome: RunOutcome = field(default_factory=RunOutcome)
    hashes: dict[str, str] = field(default_factory=lambda: {"data": ""})
    artifacts: Artifacts = field(default_factory=Artifacts)

    def add(self, **values: object) -> None:
        """Put values into the outcome."""
        self.outcome = self.outcome.model_copy(update=values)

    def fail(self, status: Status, message: str) -> None:
        """Say how the run ended; one that had diverged before its evaluation failed did that."""
        if self.outcome.status is Status.DIVERGED:
            self.add(message=f"{self.outcome.message}; the evaluation failed: {message}")
        else:
            self.add(status=status, message=message)


def run_job(
    job: Job,
    out: Path,
    contended: bool,
    progress: Progress = lambda step, total: None,
    *,
    note: Callable[[str], None] = lambda text: None,
    kept_in: Path | None = None,
) -> Record:
    """Run one job and write its record, weights and rows; never raises for what the job does.

    Arguments:
        job: what to run.
        out: the output folder.
        contended: whether other jobs share the cores.
        progress: called with the step and the total.
        note: told in a sentence what the user should know.
        kept_in: folder in which the state of the training is kept, until whoever has the record
            takes it away; ``None``: the output folder.
    """
    home = out if kept_in is None else kept_in
    started = now()
    numerics = configure(threads=1, device=job.device)
    known = _Known()
    try:
        # As they are before anything of them is imported or read.
        known.hashes |= named_hashes(job)
        _fit_and_evaluate(job, known, progress, home=home, note=note)
    except DataUnavailable as error:
        known.add(status=Status.SKIPPED, message=str(error))
    except (MemoryError, torch.OutOfMemoryError) as error:
        known.fail(Status.OUT_OF_MEMORY, first_line(error))
    except Exception as error:
        exhausted = "can't allocate memory" in str(error)
        status = Status.OUT_OF_MEMORY if exhausted else Status.FAILED
        known.fail(status, first_line(error))
        if not isinstance(error, EbmbenchError):
            known.add(traceback=traceback.format_exc())
    record = make_record(
        job,
        known.outcome,
        started=started,
        contended=contended,
        machine_words=machine(job.device, numerics),
        hashes=known.hashes,
    )
    record = write_run(record, known.artifacts, out)
    if kept_in is None:
        drop_checkpoint(job, out)
    return record


def _fit_and_evaluate(
    job: Job, known: _Known, progress: Progress, *, home: Path, note: Callable[[str], None]
) -> None:
    begin = time.perf_counter()
    dataset = load_data(job.task, job.seed, job.data_dir)
    rows = data_hash(dataset)
    if job.rows not in (None, rows):
        raise EbmbenchError(
            f"the rows of {job.task.name} at seed {job.seed} are not those of the other records "
            "in the output folder, which one table cannot mix; choose another --out"
        )
    known.hashes["data"] = rows
    seconds = time.perf_counter() - begin
    checkpoint = Checkpoint(
        checkpoint_path(job, home), identity(job, known.hashes), job.checkpoint, note
    )
    fitted = fit(job, dataset, seconds, progress, checkpoint=checkpoint)
    known.add(
        status=fitted.status,
        message=fitted.message,
        diverged_at=fitted.diverged_at,
        curve=Curve(fitted.curve),
        cost=fitted.cost,
        parameters=fitted.parameters,
        coordinates=fitted.coordinates,
        learned_log_z=fitted.log_z,
        calculus=calculus_path(fitted.energy),
        selection=fitted.selection,
    )
    if not fitted.finite:
        return
    known.artifacts.weights = packed_weights(
        fitted.energy, fitted.learned, None if fitted.last is None else fitted.last.tensors
    )
    begin = time.perf_counter()
    found = evaluate_job(
        job,
        fitted.energy,
        dataset,
        learned_log_z=fitted.log_z,
        own_sampler=fitted.own_sampler,
        last=fitted.last_energy(),
    )
    seconds = fitted.cost.evaluation_seconds + time.perf_counter() - begin
    known.artifacts.rows, known.artifacts.image = found.rows, found.image
    known.add(
        metrics=found.metrics,
        log_z=found.log_z,
        levels=found.levels,
        selection=with_last(fitted.selection, found.last_log_likelihood),
        cost=fitted.cost.model_copy(update={"evaluation_seconds": seconds}),
    )
