"""Fitting a job's model: a reference at once, an energy by steps; with what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ebmbench.datasets.base import Dataset
from ebmbench.divergence import find_divergence
from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.harness.build import make_energy, make_estimator, make_objective, make_streams
from ebmbench.harness.cost import Meter
from ebmbench.harness.job import Job
from ebmbench.harness.training import Training, train
from ebmbench.objectives.base import Objective, State
from ebmbench.records import CurvePoint, RunCost, Status
from ebmbench.seeds import generator

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fitted:
    """A fitted model, and what the record says of the fit."""

    energy: Energy
    cost: RunCost
    learned: Mapping[str, Tensor] = field(default_factory=dict)
    """Parameters that were trained beside the energy."""
    log_z: float | None = None
    """The ``log Z`` that the method brings, if it does."""
    own_sampler: OwnSampler | None = None
    """What the method brings to draw from the model."""
    curve: list[CurvePoint] = field(default_factory=list)
    parameters: int | None = None
    """Number of trained parameters."""
    status: Status = Status.OK
    message: str = ""
    diverged_at: int | None = None
    finite: bool = True
    """Whether loss and parameters are; without that there is nothing to evaluate."""


def fit(job: Job, dataset: Dataset, data_seconds: float, progress: Progress) -> Fitted:
    """Fit what a job asks for.

    Arguments:
        job: what to fit.
        dataset: its rows.
        data_seconds: spent on them, for the cost.
        progress: called with the step and the total.
    """
    if job.method.objective is None:
        return _fit_reference(job, dataset, data_seconds)
    return _fit_energy(job, dataset, data_seconds, progress)


def _fit_reference(job: Job, dataset: Dataset, data_seconds: float) -> Fitted:
    estimator = make_estimator(job.method)
    random = generator(job.task.name, job.method.name, job.seed, "fit")
    meter = Meter(data_seconds)
    begin = time.perf_counter()
    energy = estimator.fit(dataset, random)
    seconds = time.perf_counter() - begin
    meter.stop()
    return Fitted(energy, meter.of_fit(seconds))


def _fit_energy(job: Job, dataset: Dataset, data_seconds: float, progress: Progress) -> Fitted:
    begin = time.perf_counter()
    objective = make_objective(job.method)
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
    learned = result.state.learned
    log_z = objective.own_log_z(energy, result.state)
    step, reason = _diverged(result, dataset.dim)
    return Fitted(
        energy=energy,
        cost=meter.of_training(result, rehearsal, job.device),
        learned=learned,
        log_z=None if log_z is None else float(log_z.detach()),
        own_sampler=objective.own_sampler(energy, result.state),
        curve=result.curve,
        parameters=sum(p.numel() for p in (*energy.parameters(), *learned.values())),
        status=Status.OK if step is None else Status.DIVERGED,
        message=reason,
        diverged_at=step,
        finite=not result.diverged,
    )


def _diverged(result: Training, dim: int) -> tuple[int | None, str]:
    """Return the step at which a training left every reasonable range, and why; or neither."""
    if result.diverged:
        return len(result.step_seconds), result.diverged
    found = find_divergence(result.curve, dim)
    return (None, "") if found is None else (found.step, found.reason)


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
