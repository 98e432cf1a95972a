"""One model by hand: its rows, its start, its training, its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ebmbench.api.arguments import as_path, as_words, refuse_choice, refuse_count, refuse_kind
from ebmbench.api.choosing import method as find_method
from ebmbench.api.choosing import task
from ebmbench.cards import SELECTIONS, MethodCard, Preset, Selection, TaskCard
from ebmbench.cardtables import Budget, Coordinates, Optimiser
from ebmbench.errors import EbmbenchError

if TYPE_CHECKING:
    from ebmbench.datasets.base import Dataset
    from ebmbench.datasets.own_rows import Rows
    from ebmbench.energies.base import Energy
    from ebmbench.energies.wrapped import Model
    from ebmbench.harness.progress import Reporter
    from ebmbench.harness.training import Training
    from ebmbench.metrics.measurements import Measurements
    from ebmbench.objectives.base import Objective


def load_data(name: str | TaskCard, seed: int = 0, data_dir: Path | str | None = None) -> Dataset:
    """Return the rows of a task; they depend on the task and the seed alone.

    Arguments:
        name: of the task, or its card.
        seed: of the replicate.
        data_dir: where data files are looked for first, before ``EBMBENCH_DATA`` and the cache.

    Raises:
        EbmbenchError: an unknown task, or a file that is missing or corrupt.
    """
    from ebmbench.harness import build

    refuse_count("seed", seed, 0)
    where = None if data_dir is None else as_path("data_dir", data_dir)
    return build.load_data(task(name), seed, where)


def build_energy(
    name: str | TaskCard,
    dataset: Dataset,
    seed: int = 0,
    coordinates: Coordinates | None = None,
    *,
    method: str | MethodCard | None = None,
) -> Energy:
    """Return the untrained energy of a task: the start of every method at this seed.

    Arguments:
        name: of the task, or its card.
        dataset: the rows; the energy starts at their Gaussian.
        seed: of the replicate.
        coordinates: those in which :func:`train` will train it; it takes the rows as they are.
            ``None``: those that the card of the method asks for, standardised ones without one.
        method: what is to train it; one that trains many noise levels, such as ``ncsn``, needs a
            network that is conditioned on them.

    Raises:
        EbmbenchError: an unknown task or method.
    """
    from ebmbench.datasets.base import Dataset as DatasetBase
    from ebmbench.energies.coordinates import STANDARDISED
    from ebmbench.harness.build import make_energy, make_objective

    refuse_count("seed", seed, 0)
    if coordinates is not None:
        refuse_choice("coordinates", coordinates, get_args(Coordinates))
    refuse_kind("dataset", dataset, DatasetBase, "the rows of a task, as `load_data` returns them")
    card = task(name)
    chosen = None if method is None else find_method(method).for_task(card.name)
    trains = None if chosen is None or chosen.objective is None else make_objective(chosen)
    kind = coordinates or (STANDARDISED if chosen is None else chosen.coordinates)
    return make_energy(card, dataset, seed, kind, objective=trains)


def wrap(model: Model, rows: Rows, log_density: bool = False) -> Energy:
    """Make an energy of any callable; see :func:`ebmbench.harness.wrapping.wrap`.

    Arguments:
        model: a torch module or function from points ``(n, d)`` to ``(n,)`` or ``(n, 1)``; a
            module is trained in place.
        rows: ``(n, d)`` rows that it is a model of: a tensor, an array, a DataFrame, lists.
        log_density: whether it returns log-densities, and not energies.

    Raises:
        EbmbenchError: the model or the rows are none that can be measured.

    Example:
        >>> import torch, ebmbench
        >>> rows = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> energy = ebmbench.wrap(lambda x: 0.5 * x.square().sum(1), rows)
        >>> found = ebmbench.evaluate(energy, rows, metrics=["log_likelihood"])
        >>> found["log_likelihood"].certified
        True
    """
    from ebmbench.harness.wrapping import wrap as wrap_model

    return wrap_model(model, rows, log_density)


def train(
    energy: Energy,
    objective: str | MethodCard | Objective,
    rows: Dataset | Rows,
    name: str | TaskCard | None = None,
    *,
    seed: int = 0,
    preset: Preset = "standard",
    steps: int | None = None,
    selection: Selection = "own-loss",
) -> Training:
    """Fit an energy in place, on the device where it is.

    With a method by name this does what ``ebmbench run`` does at the same task, seed and preset,
    of an energy that :func:`build_energy` made for the coordinates that the method asks for. A
    model of one's own, from :func:`wrap`, is trained in the coordinates of its rows; the methods'
    settings are for rows whose columns have a deviation near one.

    Arguments:
        energy: the model; changed.
        objective: a method as its card tunes it, or one of your own with the default optimiser.
        rows: those of a task, or ``(n, d)`` of your own, of which a tenth is for validation.
        name: the task, which says the budget; ``None``: a budget by the number of rows.
        seed: of the batches and of the objective's noise.
        preset: which of the task's budgets.
        steps: in place of the budget's.
        selection: which weights the energy ends with: those of the lowest own validation loss,
            where the objective's loss can be compared between steps, or those of the last step.

    Returns:
        The learning curve, what the objective learned beside the energy (of the rows as they are),
        the cost, and both sets of weights: ``energy.load_state_dict(training.last.energy)``.

    Raises:
        EbmbenchError: the method is a reference, which is not trained by steps, or needs what the
            energy has not; an unknown preset; rows that no model can be trained on.
    """
    from ebmbench.datasets.base import Dataset as DatasetBase
    from ebmbench.datasets.own_rows import dataset_to_train
    from ebmbench.energies.base import Energy as EnergyBase
    from ebmbench.energies.conditional import ConditionalEnergy
    from ebmbench.harness import training
    from ebmbench.harness.build import make_objective, make_streams
    from ebmbench.harness.compatibility import needs_more
    from ebmbench.harness.coordinates import named, training_view
    from ebmbench.harness.grid import with_steps
    from ebmbench.harness.job import refuse_preset
    from ebmbench.harness.wrapping import refuse_width
    from ebmbench.objectives.base import Objective as ObjectiveBase

    refuse_preset(preset)
    refuse_choice("selection", selection, SELECTIONS)
    refuse_count("seed", seed, 0)
    refuse_count("steps", steps, 1)
    refuse_kind("energy", energy, EnergyBase, "an energy; `ebmbench.wrap(model, rows)` makes one")
    if next(energy.parameters(), None) is None:
        raise EbmbenchError("the energy has no parameters, allowed: one or more to train")
    dataset = rows if isinstance(rows, DatasetBase) else dataset_to_train(rows, seed)
    refuse_width(energy, dataset.train)
    card = _task_of(dataset, name)
    optimiser = Optimiser()
    label = type(objective).__name__
    if not isinstance(objective, ObjectiveBase):
        chosen = find_method(objective).for_task(card.name)
        if chosen.objective is None:
            raise EbmbenchError(f"method {chosen.name!r} is a reference and has no training steps")
        objective, optimiser, label = make_objective(chosen), chosen.optimiser, chosen.name
    inner, trained = training_view(energy, _in_precision_of(energy, dataset))
    if objective.needs_levels and not isinstance(inner, ConditionalEnergy):
        raise EbmbenchError(
            f"{label} needs an energy of many noise levels, and this one has one; "
            f"`ebmbench.build_energy(…, method={label!r})` makes one for a task"
        )
    misfit = needs_more(objective, inner, card)
    if misfit is not None:
        raise EbmbenchError(f"{label} {misfit}")
    card = card if steps is None else with_steps(card, preset, steps)
    budget: Budget = getattr(card.budget, preset)
    streams = make_streams(card.name, label, seed, str(energy.reference.mean.device))
    state = objective.init(inner, trained.train.to(streams.noise.device), streams.noise)
    result = training.train(
        inner,
        objective,
        state,
        trained,
        card=card,
        budget=budget,
        optimiser=optimiser,
        streams=streams,
        selection=selection,
    )
    return named(result, energy)


def evaluate(
    model: Model,
    test: Dataset | Rows,
    name: str | TaskCard | None = None,
    metrics: Iterable[str] | None = None,
    *,
    train: Rows | None = None,
    log_density: bool = False,
    seed: int = 0,
    preset: Preset = "standard",
    learned_log_z: float | None = None,
    reporter: Reporter | None = None,
) -> Measurements:
    """Measure a model: likelihood with bracket and certificate, score, samples, temperature.

    A copy is measured, in evaluation mode and on the CPU: gradients, mode, precision and device
    of the model stay as they are.

    Arguments:
        model: an energy, or anything that :func:`wrap` takes.
        test: ``(n, d)`` rows that are scored, or the data of a task.
        name: the task, which says the metrics and how ``log Z`` is found; ``None``: quadrature up
            to three columns, annealing above, and the metrics of a table.
        metrics: names; by default those of the task's card.
        train: ``(m, d)`` rows that the model learned from: annealing starts near them. They change
            no expectation; absent, the test rows serve.
        log_density: whether a model that is no energy returns log-densities.
        seed: of the evaluation's randomness.
        preset: how much work the estimators of ``log Z`` may do.
        learned_log_z: what the objective learned, if it did.
        reporter: told of each metric as it is done, as by ``ebmbench run``.

    Raises:
        EbmbenchError: an unknown metric, task or preset, or a model or rows that cannot be
            measured.
    """
    from ebmbench.datasets.base import Dataset as DatasetBase
    from ebmbench.datasets.own_rows import dataset_of
    from ebmbench.harness.job import refuse_preset
    from ebmbench.harness.measuring import measure
    from ebmbench.harness.progress import Reporter as ReporterBase
    from ebmbench.harness.wrapping import copied
    from ebmbench.harness.wrapping import wrap as wrap_model
    from ebmbench.metrics.registry import find_metrics

    refuse_preset(preset)
    refuse_count("seed", seed, 0)
    if reporter is not None:
        refuse_kind("reporter", reporter, ReporterBase, "a Reporter of ebmbench.harness.progress")
    if learned_log_z is not None:
        refuse_kind("learned_log_z", learned_log_z, (int, float), "a number, or None")
    if isinstance(test, DatasetBase):
        if train is not None:
            raise EbmbenchError("train is given beside the data of a task, allowed: one of both")
        dataset = test
    else:
        dataset = dataset_of(test, train)
    card = _task_of(dataset, name)
    names = card.metrics.names if metrics is None else as_words("metrics", metrics)
    # Names given here are the caller's own.
    beside = card.folder if metrics is None else card.folder or Path.cwd()
    chosen = find_metrics([names] if isinstance(names, str) else names, beside)
    energy = wrap_model(copied(model), dataset, log_density).eval()
    return measure(
        energy,
        dataset,
        card,
        chosen,
        seed=seed,
        preset=preset,
        learned_log_z=learned_log_z,
        reporter=reporter or ReporterBase(),
    )


def _in_precision_of(energy: Energy, dataset: Dataset) -> Dataset:
    dtype = energy.reference.mean.dtype
    return replace(dataset, train=dataset.train.to(dtype), validation=dataset.validation.to(dtype))


def _task_of(dataset: Dataset, name: str | TaskCard | None) -> TaskCard:
    from ebmbench.tablefiles.card import rows_card

    return rows_card(len(dataset.train), dataset.dim) if name is None else task(name)
