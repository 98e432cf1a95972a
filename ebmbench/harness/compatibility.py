"""Whether the parts of a job exist and fit together, asked before anything runs."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch

from ebmbench.cards import MethodCard, TaskCard
from ebmbench.datasets.store import DataUnavailable, find
from ebmbench.energies import build_energy
from ebmbench.energies.base import Energy
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import make_estimator, make_loader, make_objective
from ebmbench.harness.job import Job
from ebmbench.metrics.registry import find_metrics
from ebmbench.objectives.base import Objective

TRIAL_DIMS = (4, 64, 2)
"""Dimensions in which an energy is tried before its rows are known: images are square."""


def validate(job: Job) -> None:
    """Build everything of a job that needs no data, so that a bad card stops before any run.

    Raises:
        EbmbenchError: an unknown name or a bad option in one of its cards.
    """
    make_loader(job.task)
    trial_energy(job.task)
    find_metrics(job.task.metrics.names, job.task.folder)
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


def trial_energy(task: TaskCard) -> Energy:
    """Build the energy of a task on random rows, of the first dimension that it can take.

    Raises:
        EbmbenchError: the card names no energy that can be built.
    """
    options = json.dumps(task.energy.options, sort_keys=True)
    return _tried(task.energy.kind, options, task.folder)


@cache
def _tried(kind: str, options: str, beside: Path | None) -> Energy:
    errors = []
    for dim in TRIAL_DIMS:
        rows = torch.randn(64, dim, generator=torch.Generator().manual_seed(0))
        start = torch.Generator().manual_seed(0)
        try:
            return build_energy(kind, json.loads(options), rows, start, beside=beside)
        except EbmbenchError as error:
            errors.append(error)
    raise errors[0]


def _misfit(task: TaskCard, method: MethodCard) -> str | None:
    if method.objective is None:
        estimator = make_estimator(method)
        families = estimator.families
        if families is not None and task.family not in families:
            return f"{method.name} is for {' and '.join(sorted(families))} tasks only"
        return estimator.missing()
    need = needs_more(make_objective(method), trial_energy(task), task)
    return None if need is None else f"{method.name} {need}"


def needs_more(objective: Objective, energy: Energy, task: TaskCard) -> str | None:
    """Say what an objective needs that an energy or its task has not, or ``None``.

    The words go on from the name of the method.
    """
    for package in objective.needs_packages:
        if find_spec(package) is None:
            return f"needs the package {package}, which is not installed"
    if objective.needs_smooth_energy and not energy.smooth:
        return "needs a twice differentiable energy, and that of the task is not"
    knows_z = energy.log_z() is not None or task.metrics.log_z == "quadrature"
    if objective.needs_log_z and not knows_z:
        return "needs log Z, known or by quadrature, and the task has neither"
    one_level = not isinstance(energy, ConditionalEnergy) and energy.levelled is None
    if objective.needs_levels and one_level:
        return (
            "needs an energy of many noise levels, and the network of the task cannot be "
            "conditioned on them"
        )
    return None
