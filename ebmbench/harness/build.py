"""The pieces of a job, built from its cards."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import torch

from ebmbench.cards import Card, MethodCard, Preset, TaskCard
from ebmbench.datasets.base import Dataset, Loader, Sizes
from ebmbench.datasets.rows import refuse_bad_rows
from ebmbench.datasets.store import find
from ebmbench.energies import build_energy, energy_class
from ebmbench.energies.base import Energy
from ebmbench.energies.coordinates import STANDARDISED, Coordinates
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.energies.pulled_back import PulledBack
from ebmbench.errors import EbmbenchError, cut
from ebmbench.estimators.base import Estimator
from ebmbench.harness.coordinates import kind_for
from ebmbench.harness.job import EFFORT
from ebmbench.metrics.base import Evaluation
from ebmbench.objectives.base import Objective
from ebmbench.options import build
from ebmbench.registry import (
    ESTIMATORS,
    LOADERS,
    OBJECTIVES,
    Registry,
    is_long,
    placed_name,
    refusal,
)
from ebmbench.seeds import derive_seed, generator
from ebmbench.trust import words_in


def make_loader(task: TaskCard) -> Loader:
    """Build the loader of a task card; paths among its options are relative to the card."""
    where = f"task {task.name!r}, [data.options]"
    return cast(Loader, _make(LOADERS, task.data.loader, task.data.options, task, where=where))


def load_data(task: TaskCard, seed: int, data_dir: Path | None) -> Dataset:
    """Return the rows of a task; they depend on the task and the seed alone.

    Where the card says so, validation rows stand in the place of test rows, too.

    Raises:
        DataUnavailable: a file is missing.
        EbmbenchError: an option or a file is bad, or the rows are none that a model can take.
    """
    sizes = Sizes(task.data.train, task.data.validation, task.data.test)
    loader = make_loader(task)
    for name in loader.files():
        find(name, data_dir)
    dataset = loader.load(sizes, seed, data_dir)
    refuse_bad_rows(dataset, f"task {task.name!r}")
    return dataset if task.data.held_out == "test" else on_validation(dataset)


def on_validation(dataset: Dataset) -> Dataset:
    """Return rows that are measured on validation rows; no metric sees the test rows."""
    return replace(dataset, test=dataset.validation, test_log_det=None)


def make_energy(
    task: TaskCard,
    dataset: Dataset,
    seed: int,
    coordinates: str = STANDARDISED,
    *,
    objective: Objective | None = None,
) -> PulledBack:
    """Build the untrained energy: at the Gaussian of the training rows, as for every method.

    Arguments:
        task: says what it is.
        dataset: the rows.
        seed: of the initial weights, which are the same for every method.
        coordinates: those in which it is to be trained, ``standardised`` or ``whitened``, where
            the energy can be.
        objective: what is to train it; where that needs noise levels and the energy has none, its
            network is conditioned on those that the objective asks for.
    """
    start = generator(task.name, seed, "init")
    kind, options = task.energy.kind, task.energy.options
    centred = energy_class(kind, task.folder).centred
    gaussian = Gaussian.fitted(dataset.train.double())
    chosen = Coordinates.of(gaussian, kind_for(task, coordinates), centred=centred)
    rows, reference = chosen.apply(dataset.train), chosen.reference(gaussian)
    asks = objective is not None and objective.needs_levels
    inner = build_energy(
        kind,
        options,
        rows,
        start,
        reference=reference,
        beside=task.folder,
        levels=objective.ladder(rows) if objective is not None and asks else None,
    )
    return PulledBack(inner, chosen)


@dataclass(frozen=True)
class Streams:
    """The sources of randomness of training."""

    batches: torch.Generator
    """Of the row numbers: the same for every method."""
    noise: torch.Generator
    """Of the objective, on the device of the energy."""
    validation_seed: int
    """Of the objective's noise at every mark, where its loss of validation rows is taken."""


def make_streams(task: str, method: str, seed: int, device: str) -> Streams:
    """Return fresh sources of randomness for one run."""
    return Streams(
        generator(task, seed, "batches"),
        generator(task, method, seed, "noise", device=device),
        derive_seed(task, method, seed, "validation"),
    )


def make_evaluation(
    task: TaskCard,
    energy: Energy,
    dataset: Dataset,
    *,
    seed: int,
    preset: Preset,
    learned_log_z: float | None,
    own_sampler: OwnSampler | None = None,
) -> Evaluation:
    """Return what the metrics of a task look at."""
    return Evaluation(
        energy=energy.requires_grad_(False),
        dataset=dataset,
        card=task,
        effort=EFFORT[preset],
        learned_log_z=learned_log_z,
        seed=derive_seed(task.name, seed, "evaluation"),
        own_sampler=own_sampler,
    )


def make_objective(method: MethodCard) -> Objective:
    """Build the objective of a method card."""
    where = f"method {method.name!r}, [hyperparameters]"
    name, values = str(method.objective), method.hyperparameters
    return cast(Objective, _make(OBJECTIVES, name, values, method, where=where))


def make_estimator(method: MethodCard) -> Estimator:
    """Build the reference estimator of a method card."""
    where = f"method {method.name!r}, [hyperparameters]"
    name, values = str(method.estimator), method.hyperparameters
    return cast(Estimator, _make(ESTIMATORS, name, values, method, where=where))


def _make(
    registry: Registry[Any], name: str, values: dict[str, Any], card: Card, *, where: str
) -> object:
    """Build what a card names; its options too may name files and classes beside the card."""
    folder = card.folder
    if folder is None:
        for word in words_in(dict(values)):
            if is_long(word):
                raise refusal("class", word)
        made = build(registry.get(name), values, where)
        for field in fields(made):
            if isinstance(value := getattr(made, field.name), Path):
                raise EbmbenchError(
                    f"{where}: {field.name} is {cut(str(value))!r}, a file beside a card, which "
                    "is read only for a card that is given by path (`--cards`)"
                )
        return made
    values = {
        key: placed_name(value, folder) if isinstance(value, str) else value
        for key, value in values.items()
    }
    made = build(registry.get(name, folder), values, where)
    paths = {
        field.name: folder / value
        for field in fields(made)
        if isinstance(value := getattr(made, field.name), Path)
    }
    return replace(made, **paths) if paths else made
