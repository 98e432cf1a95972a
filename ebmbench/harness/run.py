"""One run, from data to record, in a process of its own."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ebmbench.calculus import path as calculus_path
from ebmbench.cards import card_hash
from ebmbench.datasets.base import Dataset
from ebmbench.datasets.store import DataUnavailable
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import (
    load_data,
    make_energy,
    make_estimator,
    make_evaluation,
    make_objective,
    make_streams,
)
from ebmbench.harness.job import Job
from ebmbench.harness.memory import ProcessPeak, allocator_peak
from ebmbench.harness.other_work import BUSY, OtherWork
from ebmbench.harness.provenance import code_hash, data_hash, machine, now, versions
from ebmbench.harness.sample_images import sample_sheet
from ebmbench.harness.store import write_bytes_atomically, write_record
from ebmbench.harness.training import train
from ebmbench.metrics.evaluate import evaluate
from ebmbench.metrics.info import METRIC_INFO
from ebmbench.metrics.model_samples import samples_of
from ebmbench.numerics import configure
from ebmbench.objectives.base import Objective, State
from ebmbench.records import MetricRecord, Record, RunCost, RunOutcome, Status
from ebmbench.seeds import generator
from ebmbench.weights import save_weights

Progress = Callable[[int, int], None]


@dataclass
class _Known:
    """What is known so far; a failure later on loses none of it."""

    outcome: RunOutcome
    data_hash: str = ""

    def add(self, **values: object) -> None:
        """Put values into the outcome."""
        self.outcome = self.outcome.model_copy(update=values)


def run_job(
    job: Job, out: Path, contended: bool, progress: Progress = lambda step, total: None
) -> Record:
    """Run one job and write its record and weights; never raises for what the job does.

    Arguments:
        job: what to run.
        out: the output folder.
        contended: whether other jobs share the cores.
        progress: called with the step and the total.
    """
    started = now()
    numerics = configure(threads=1)
    known = _Known(RunOutcome())
    try:
        _fit_and_evaluate(job, out, known, progress)
    except DataUnavailable as error:
        known.add(status=Status.SKIPPED, message=str(error))
    except (MemoryError, torch.OutOfMemoryError) as error:
        known.add(status=Status.OUT_OF_MEMORY, message=_first_line(error))
    except Exception as error:
        exhausted = "can't allocate memory" in str(error)
        status = Status.OUT_OF_MEMORY if exhausted else Status.FAILED
        known.add(status=status, message=_first_line(error))
        if not isinstance(error, EbmbenchError):
            known.add(traceback=traceback.format_exc())
    record = _make_record(job, started, contended, known, machine(job.device, numerics))
    write_record(record, out)
    return record


def _make_record(
    job: Job, started: str, contended: bool, known: _Known, words: dict[str, str]
) -> Record:
    cost = known.outcome.cost
    loaded = cost is not None and (cost.other_cores or 0.0) > BUSY
    return Record(
        **dict(known.outcome),
        run_id=job.run_id,
        task=job.task.name,
        task_version=job.task.version,
        method=job.method.name,
        method_version=job.method.version,
        seed=job.seed,
        preset=job.preset,
        contended=contended or loaded,
        task_card=job.task,
        method_card=job.method,
        hashes={
            "task_card": card_hash(job.task),
            "method_card": card_hash(job.method),
            "data": known.data_hash,
            "code": code_hash(),
        },
        versions=versions(),
        machine=words,
        started=started,
    )


def failed_record(job: Job, status: Status, message: str, contended: bool) -> Record:
    """Return the record of a job whose worker cannot write one itself."""
    words = machine("cpu", {}) | {"device": job.device}
    known = _Known(RunOutcome(status=status, message=message))
    return _make_record(job, now(), contended, known, words)


def evaluate_energy(
    job: Job,
    energy: Energy,
    dataset: Dataset,
    learned_log_z: float | None,
    sheet: Path | None = None,
) -> dict[str, MetricRecord]:
    """Compute the metrics of the task on a trained energy.

    Arguments:
        job: what was run.
        energy: the model.
        dataset: the rows.
        learned_log_z: what the objective learned, if it did.
        sheet: where a sheet of samples of images goes; ``None``: none is drawn.
    """
    evaluation = make_evaluation(job.task, energy, dataset, job.seed, job.preset, learned_log_z)
    measured = evaluate(evaluation, job.task.metrics.names)
    if sheet is not None and dataset.image_shape is not None and job.preset != "smoke":
        write_bytes_atomically(sheet, sample_sheet(samples_of(evaluation).x, dataset.image_shape))
    return {
        name: MetricRecord(
            **vars(m),
            unit=METRIC_INFO[name].unit,
            higher_is_better=METRIC_INFO[name].higher_is_better,
        )
        for name, m in measured.items()
    }


def _fit_and_evaluate(job: Job, out: Path, known: _Known, progress: Progress) -> None:
    begin = time.perf_counter()
    dataset = load_data(job.task, job.seed, job.data_dir)
    known.data_hash = data_hash(dataset)
    data_seconds = time.perf_counter() - begin
    if job.method.objective is None:
        energy, cost = _fit_reference(job, dataset, data_seconds)
        state = State()
    else:
        energy, state, cost = _train(job, dataset, data_seconds, known, progress)
        trained = [*energy.parameters(), *state.learned.values()]
        known.add(parameters=sum(p.numel() for p in trained))
    learned = state.learned.get("log_z")
    known.add(
        cost=cost,
        calculus=calculus_path(energy),
        learned_log_z=None if learned is None else float(learned.detach()),
    )
    if known.outcome.status is not Status.OK:
        return
    path = job.path(out).with_suffix(".safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_weights(path, energy, state.learned)
    known.add(weights=path.name)
    begin = time.perf_counter()
    learned_log_z = known.outcome.learned_log_z
    metrics = evaluate_energy(job, energy, dataset, learned_log_z, job.sheet_path(out))
    seconds = cost.evaluation_seconds + time.perf_counter() - begin
    known.add(metrics=metrics, cost=cost.model_copy(update={"evaluation_seconds": seconds}))


def _fit_reference(job: Job, dataset: Dataset, data_seconds: float) -> tuple[Energy, RunCost]:
    estimator = make_estimator(job.method)
    peak, others = ProcessPeak(), OtherWork()
    begin = time.perf_counter()
    energy = estimator.fit(dataset, generator(job.task.name, job.method.name, job.seed, "fit"))
    seconds = time.perf_counter() - begin
    return energy, RunCost(
        train_seconds=seconds,
        steps=1,
        step_ms_median=1e3 * seconds,
        step_ms_iqr=0.0,
        process_peak_bytes=peak.bytes(),
        energy_evaluations=0.0,
        score_evaluations=0.0,
        hvp_evaluations=0.0,
        evaluation_seconds=0.0,
        setup_seconds=0.0,
        data_seconds=data_seconds,
        other_cores=others.cores(),
    )


def _train(
    job: Job, dataset: Dataset, data_seconds: float, known: _Known, progress: Progress
) -> tuple[Energy, State, RunCost]:
    begin = time.perf_counter()
    objective = make_objective(job.method)
    energy = make_energy(job.task, dataset, job.seed).to(job.device)
    budget = getattr(job.task.budget, job.preset)
    streams = make_streams(job.task.name, job.method.name, job.seed, job.device)
    state = objective.init(energy, dataset.train.to(job.device), streams.noise)
    rehearsal = _rehearsal(energy, objective, state, dataset.train[: budget.batch].to(job.device))
    rehearsal()
    setup_seconds = time.perf_counter() - begin
    peak, others = ProcessPeak(), OtherWork()
    result = train(
        energy,
        objective,
        state,
        dataset,
        job.task,
        budget,
        job.method.optimiser,
        streams.batches,
        streams.noise,
        progress=progress,
    )
    process_bytes, other_cores = peak.bytes(), others.cores()
    known.add(curve=result.curve)
    if result.diverged:
        known.add(status=Status.DIVERGED, message=result.diverged)
    milliseconds = 1e3 * result.step_seconds
    quartiles = torch.quantile(milliseconds, torch.tensor([0.25, 0.5, 0.75]).double())
    return (
        energy,
        result.state,
        RunCost(
            train_seconds=float(result.step_seconds.sum()),
            steps=len(result.step_seconds),
            step_ms_median=float(quartiles[1]),
            step_ms_iqr=float(quartiles[2] - quartiles[0]),
            allocator_peak_bytes=allocator_peak(rehearsal, job.device),
            process_peak_bytes=process_bytes,
            energy_evaluations=result.energy_evaluations,
            score_evaluations=result.score_evaluations,
            hvp_evaluations=result.hvp_evaluations,
            evaluation_seconds=result.curve_seconds,
            setup_seconds=setup_seconds,
            data_seconds=data_seconds,
            other_cores=other_cores,
        ),
    )


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
