"""The parts of a job, built from its cards, and whether they fit together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import torch

from ebmbench.cards import MethodCard, Preset, TaskCard
from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.datasets.store import DataUnavailable, find
from ebmbench.energies import build_energy
from ebmbench.energies.base import Energy
from ebmbench.estimators.base import Estimator
from ebmbench.harness.job import EFFORT, Job
from ebmbench.metrics.base import Evaluation
from ebmbench.objectives.base import Objective
from ebmbench.options import build
from ebmbench.registry import ESTIMATORS, LOADERS, METRICS, OBJECTIVES
from ebmbench.seeds import derive_seed, generator


def make_loader(task: TaskCard) -> Loader:
    """Build the loader of a task card."""
    where = f"task {task.name!r}, [data.options]"
    return cast(Loader, build(LOADERS.get(task.data.loader), task.data.options, where))


def load_data(task: TaskCard, seed: int, data_dir: Path | None) -> Dataset:
    """Return the rows of a task; they depend on the task and the seed alone."""
    sizes = Sizes(task.data.train, task.data.validation, task.data.test)
    return make_loader(task).load(sizes, seed, data_dir)


def make_energy(task: TaskCard, dataset: Dataset, seed: int) -> Energy:
    """Build the untrained energy: the same start for every method at a given seed."""
    start = generator(task.name, seed, "init")
    return build_energy(task.energy.kind, task.energy.options, dataset.train, start)


@dataclass(frozen=True)
class Streams:
    """The sources of randomness of training."""

    batches: torch.Generator
    """Of the row numbers: the same for every method."""
    noise: torch.Generator
    """Of the objective, on the device of the energy."""


def make_streams(task: str, method: str, seed: int, device: str) -> Streams:
    """Return fresh sources of randomness for one run."""
    return Streams(
        generator(task, seed, "batches"), generator(task, method, seed, "noise", device=device)
    )


def make_evaluation(
    task: TaskCard,
    energy: Energy,
    dataset: Dataset,
    seed: int,
    preset: Preset,
    learned_log_z: float | None,
) -> Evaluation:
    """Return what the metrics of a task look at."""
    return Evaluation(
        energy=energy.cpu().requires_grad_(False),
        dataset=dataset,
        card=task,
        effort=EFFORT[preset],
        learned_log_z=learned_log_z,
        seed=derive_seed(task.name, seed, "evaluation"),
    )


def make_objective(method: MethodCard) -> Objective:
    """Build the objective of a method card."""
    where = f"method {method.name!r}, [hyperparameters]"
    target = OBJECTIVES.get(str(method.objective))
    return cast(Objective, build(target, method.hyperparameters, where))


def make_estimator(method: MethodCard) -> Estimator:
    """Build the reference estimator of a method card."""
    where = f"method {method.name!r}, [hyperparameters]"
    target = ESTIMATORS.get(str(method.estimator))
    return cast(Estimator, build(target, method.hyperparameters, where))


def validate(job: Job) -> None:
    """Build everything of a job that needs no data, so that a bad card stops before any run.

    Raises:
        EbmbenchError: an unknown name or a bad option in one of its cards.
    """
    make_loader(job.task)
    _traits(job.task)
    for name in job.task.metrics.names:
        METRICS.get(name)
    if job.method.objective is None:
        make_estimator(job.method)
    else:
        make_objective(job.method)


def reason_to_skip(job: Job) -> str | None:
    """Say why a job cannot be done: the method does not fit the task, or a file is missing."""
    misfit = _misfit(job.task, job.method)
    if misfit is not None:
        return misfit
    try:
        for name in make_loader(job.task).files():
            find(name, job.data_dir)
    except DataUnavailable as error:
        return str(error)
    return None


def _misfit(task: TaskCard, method: MethodCard) -> str | None:
    if method.objective is None:
        families = make_estimator(method).families
        if families is not None and task.family not in families:
            return f"{method.name} is for {' and '.join(sorted(families))} tasks only"
        return None
    objective = make_objective(method)
    smooth, knows_z = _traits(task)
    if objective.needs_smooth_energy and not smooth:
        return f"{method.name} needs a twice differentiable energy, and that of the task is not"
    if objective.needs_log_z and not knows_z and task.metrics.log_z != "quadrature":
        return f"{method.name} needs log Z, known or by quadrature, and the task has neither"
    return None


def _traits(task: TaskCard) -> tuple[bool, bool]:
    """Whether the energy of a task is smooth and knows its ``log Z``, tried on random rows."""
    return _traits_of(task.energy.kind, json.dumps(task.energy.options, sort_keys=True))


@cache
def _traits_of(kind: str, options: str) -> tuple[bool, bool]:
    rows = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    energy = build_energy(kind, json.loads(options), rows, torch.Generator().manual_seed(0))
    return energy.smooth, energy.log_z() is not None
