"""One run, from data to record, in a process of its own."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from ebmbench.calculus import path as calculus_path
from ebmbench.datasets.base import Dataset
from ebmbench.datasets.store import DataUnavailable
from ebmbench.divergence import find_divergence
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import (
    load_data,
    make_energy,
    make_estimator,
    make_objective,
    make_streams,
)
from ebmbench.harness.cost import Meter
from ebmbench.harness.evaluation import evaluate_job
from ebmbench.harness.job import Job
from ebmbench.harness.provenance import data_hash, machine, now
from ebmbench.harness.record import make_record
from ebmbench.harness.store import Artifacts, write_run
from ebmbench.harness.training import train
from ebmbench.harness.weights import packed_weights
from ebmbench.numerics import configure
from ebmbench.objectives.base import Objective, State
from ebmbench.records import Record, RunCost, RunOutcome, Status
from ebmbench.seeds import generator

Progress = Callable[[int, int], None]


@dataclass
class _Known:
    """What is known so far; a failure later on loses none of it."""

    outcome: RunOutcome = field(default_factory=RunOutcome)
    data_hash: str = ""
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
    job: Job, out: Path, contended: bool, progress: Progress = lambda step, total: None
) -> Record:
    """Run one job and write its record, weights and rows; never raises for what the job does.

    Arguments:
        job: what to run.
        out: the output folder.
        contended: whether other jobs share the cores.
        progress: called with the step and the total.
    """
    started = now()
    numerics = configure(threads=1)
    known = _Known()
    try:
        _fit_and_evaluate(job, known, progress)
    except DataUnavailable as error:
        known.add(status=Status.SKIPPED, message=str(error))
    except (MemoryError, torch.OutOfMemoryError) as error:
        known.fail(Status.OUT_OF_MEMORY, _first_line(error))
    except Exception as error:
        exhausted = "can't allocate memory" in str(error)
        status = Status.OUT_OF_MEMORY if exhausted else Status.FAILED
        known.fail(status, _first_line(error))
        if not isinstance(error, EbmbenchError):
            known.add(traceback=traceback.format_exc())
    record = make_record(
        job,
        known.outcome,
        started=started,
        contended=contended,
        machine_words=machine(job.device, numerics),
        data_hash=known.data_hash,
    )
    return write_run(record, known.artifacts, out)


def _fit_and_evaluate(job: Job, known: _Known, progress: Progress) -> None:
    begin = time.perf_counter()
    dataset = load_data(job.task, job.seed, job.data_dir)
    known.data_hash = data_hash(dataset)
    data_seconds = time.perf_counter() - begin
    state, own_sampler = State(), None
    if job.method.objective is None:
        energy, cost = _fit_reference(job, dataset, data_seconds)
    else:
        objective = make_objective(job.method)
        energy, state, cost = _train(
            job, objective, dataset, known, data_seconds=data_seconds, progress=progress
        )
        trained = [*energy.parameters(), *state.learned.values()]
        known.add(parameters=sum(p.numel() for p in trained))
        own_sampler = objective.own_sampler(energy, state)
    learned = state.learned.get("log_z")
    log_z = None if learned is None else float(learned.detach())
    known.add(cost=cost, calculus=calculus_path(energy), learned_log_z=log_z)
    if known.outcome.status is not Status.OK:
        return
    known.artifacts.weights = packed_weights(energy, state.learned)
    lost = find_divergence(known.outcome.curve, dataset.dim)
    if lost is not None:
        known.add(status=Status.DIVERGED, message=lost.reason, diverged_at=lost.step)
    begin = time.perf_counter()
    found = evaluate_job(job, energy, dataset, learned_log_z=log_z, own_sampler=own_sampler)
    seconds = cost.evaluation_seconds + time.perf_counter() - begin
    known.artifacts.rows, known.artifacts.image = found.rows, found.image
    known.add(
        metrics=found.metrics,
        log_z=found.log_z,
        cost=cost.model_copy(update={"evaluation_seconds": seconds}),
    )


def _fit_reference(job: Job, dataset: Dataset, data_seconds: float) -> tuple[Energy, RunCost]:
    estimator = make_estimator(job.method)
    random = generator(job.task.name, job.method.name, job.seed, "fit")
    meter = Meter(data_seconds)
    begin = time.perf_counter()
    energy = estimator.fit(dataset, random)
    seconds = time.perf_counter() - begin
    meter.stop()
    return energy, meter.of_fit(seconds)


def _train(
    job: Job,
    objective: Objective,
    dataset: Dataset,
    known: _Known,
    *,
    data_seconds: float,
    progress: Progress,
) -> tuple[Energy, State, RunCost]:
    begin = time.perf_counter()
    energy = make_energy(job.task, dataset, job.seed).to(job.device)
    budget = getattr(job.task.budget, job.preset)
    streams = make_streams(job.task.name, job.method.name, job.seed, job.device)
    state = objective.init(energy, dataset.train.to(job.device), streams.noise)
    rehearsal = _rehearsal(energy, objective, state, dataset.train[: budget.batch].to(job.device))
    rehearsal()
    meter = Meter(data_seconds, time.perf_counter() - begin)
    result = train(
        energy,
        objective,
        state,
        dataset,
        card=job.task,
        budget=budget,
        optimiser=job.method.optimiser,
        streams=streams,
        progress=progress,
    )
    meter.stop()
    known.add(curve=result.curve)
    if result.diverged:
        made = len(result.step_seconds)
        known.add(status=Status.DIVERGED, message=result.diverged, diverged_at=made)
    return energy, result.state, meter.of_training(result, rehearsal, job.device)


def _rehearsal(
    energy: Energy, objective: Objective, state: State, rows: Tensor
) -> Callable[[], None]:
    """Return a training step that changes nothing.

    Before training it runs every lazy path once, so that neither the first timed step nor the
    process peak pays for it; after training the allocator's peak is measured on it.
    """
    noise = generator("rehearsal", device=rows.device.type)
    parameters = [*energy.parameters(), *state.learned.values()]

    def step() -> None:
        outcome = objective.loss(energy, rows, state, noise)
        torch.autograd.grad(outcome.loss, parameters, allow_unused=True)

    return step


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
