"""Fitting a job's model: a reference at once, an energy by steps; with what it cost."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ebmbench.datasets.base import Dataset
from ebmbench.divergence import find_divergence
from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.energies.pulled_back import moved
from ebmbench.harness.build import make_energy, make_estimator, make_objective, make_streams
from ebmbench.harness.checkpoint import Checkpoint
from ebmbench.harness.coordinates import kind_for, named, named_log_z, training_view
from ebmbench.harness.cost import Meter
from ebmbench.harness.job import Job
from ebmbench.harness.selection import WeightSet
from ebmbench.harness.training import Training, train
from ebmbench.objectives.base import Objective, State
from ebmbench.records import CurvePoint, MarkRecord, RunCost, SelectionRecord, Status
from ebmbench.seeds import generator

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fitted:
    """A fitted model, and what the record says of the fit."""

    energy: Energy
    """With the selected weights."""
    cost: RunCost
    learned: Mapping[str, Tensor] = field(default_factory=dict)
    """Parameters that were trained beside the energy."""
    log_z: float | None = None
    """The ``log Z`` that the method brings, if it does."""
    own_sampler: OwnSampler | None = None
    """What the method brings to draw from the model."""
    last: WeightSet | None = None
    """Of the last step, where they are others and finite."""
    selection: SelectionRecord | None = None
    curve: list[CurvePoint] = field(default_factory=list)
    parameters: int | None = None
    """Number of trained parameters."""
    coordinates: str = ""
    """Those in which it was trained; empty of what is fitted where the rows are."""
    status: Status = Status.OK
    message: str = ""
    diverged_at: int | None = None
    finite: bool = True
    """Whether the selected weights are; without that there is nothing to evaluate."""

    def last_energy(self) -> Energy | None:
        """Return an energy with the weights of the last step, where they are others."""
        if self.last is None:
            return None
        energy = copy.deepcopy(self.energy)
        energy.load_state_dict(self.last.energy)
        return energy


def fit(
    job: Job,
    dataset: Dataset,
    data_seconds: float,
    progress: Progress,
    *,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """Fit what a job asks for.

    Arguments:
        job: what to fit.
        dataset: its rows.
        data_seconds: spent on them, for the cost.
        progress: called with the step and the total.
        checkpoint: where a training by steps is kept, and what it goes on from.
    """
    if job.method.objective is None:
        return _fit_reference(job, dataset, data_seconds)
    return _fit_energy(job, dataset, data_seconds, progress, checkpoint=checkpoint)


def _fit_reference(job: Job, dataset: Dataset, data_seconds: float) -> Fitted:
    estimator = make_estimator(job.method)
    random = generator(job.task.name, job.method.name, job.seed, "fit")
    meter = Meter(data_seconds)
    begin = time.perf_counter()
    energy = estimator.fit(dataset, random)
    seconds = time.perf_counter() - begin
    meter.stop()
    return Fitted(energy, meter.of_fit(seconds))


def _fit_energy(
    job: Job,
    dataset: Dataset,
    data_seconds: float,
    progress: Progress,
    *,
    checkpoint: Checkpoint | None,
) -> Fitted:
    begin = time.perf_counter()
    objective = make_objective(job.method)
    whole = make_energy(
        job.task, dataset, job.seed, job.method.coordinates, objective=objective
    ).to(job.device)
    energy, dataset = training_view(whole, dataset)
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
        selection=job.selection,
        progress=progress,
        checkpoint=checkpoint,
    )
    meter.stop()
    log_z = named_log_z(objective.own_log_z(energy, result.state), whole)
    result = named(result, whole)
    learned = result.state.learned
    step, reason = _diverged(result, dataset.dim)
    finite = result.selected.finite
    differ = result.last.step != result.selected.step
    return Fitted(
        energy=whole,
        cost=meter.of_training(result, rehearsal, job.device),
        learned=learned,
        log_z=log_z,
        own_sampler=moved(objective.own_sampler(energy, result.state), whole),
        coordinates=kind_for(job.task, job.method.coordinates),
        last=result.last if differ and result.last.finite else None,
        selection=_selection(result, dataset.dim) if finite else None,
        curve=result.curve,
        parameters=sum(p.numel() for p in (*energy.parameters(), *learned.values())),
        status=Status.OK if step is None else Status.DIVERGED,
        message=reason,
        diverged_at=step,
        finite=finite,
    )


def _diverged(result: Training, dim: int) -> tuple[int | None, str]:
    """Return the step at which the scored weights left every reasonable range, and why."""
    if result.diverged:
        return len(result.step_seconds), result.diverged
    scored = [point for point in result.curve if point.step <= result.selected.step]
    found = find_divergence(scored, dim)
    return (None, "") if found is None else (found.step, found.reason)


def _selection(result: Training, dim: int) -> SelectionRecord:
    """Return what the record says of the two sets of weights, and of a third for information."""
    at = {point.step: point for point in result.curve}

    def mark(weights: WeightSet) -> MarkRecord:
        point = at.get(weights.step)
        return MarkRecord(
            step=weights.step,
            validation_loss=weights.validation_loss,
            validation_log_likelihood=None if point is None else point.log_likelihood,
        )

    likelihoods = {
        step: point.log_likelihood
        for step, point in at.items()
        if point.log_likelihood is not None and math.isfinite(point.log_likelihood)
    }
    best = at[max(likelihoods, key=likelihoods.__getitem__)] if likelihoods else None
    out_of_range = result.diverged
    if not out_of_range and result.last.step != result.selected.step:
        found = find_divergence(result.curve, dim)
        out_of_range = "" if found is None else found.reason
    return SelectionRecord(
        selected=mark(result.selected),
        last=mark(result.last),
        by_likelihood=None
        if best is None
        else MarkRecord(
            step=best.step,
            validation_loss=best.validation_loss,
            validation_log_likelihood=best.log_likelihood,
        ),
        last_out_of_range=out_of_range,
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
