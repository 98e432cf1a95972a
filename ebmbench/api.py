"""The Python interface: everything that the command line does, for notebooks and scripts.

One model by hand:

    >>> import ebmbench
    >>> data = ebmbench.load_data("2d/two-moons", seed=0)
    >>> energy = ebmbench.build_energy("2d/two-moons", data, seed=0)
    >>> training = ebmbench.train(energy, "dsm", data, "2d/two-moons", steps=20)
    >>> numbers = ebmbench.evaluate(energy, data, "2d/two-moons", ["log_likelihood"])
    >>> numbers["log_likelihood"].certified
    True

A grid, in worker processes, with records, tables and pictures under ``out``::

    table = ebmbench.run("dsm,ssm", "2d/*", out="runs/mine", preset="smoke")
    table.query("metric == 'log_likelihood'").pivot_table("value", "task", "method")
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from ebmbench import catalog
from ebmbench.cards import Card, MethodCard, Preset, Selection, TaskCard
from ebmbench.cardtables import Budget, Coordinates, Optimiser
from ebmbench.errors import EbmbenchError

if TYPE_CHECKING:
    import pandas as pd

    from ebmbench.datasets.base import Dataset
    from ebmbench.energies.base import Energy
    from ebmbench.harness.training import Training
    from ebmbench.metrics.base import Measurement
    from ebmbench.objectives.base import Objective

C = TypeVar("C", bound=Card)


def list_tasks(request: str | Iterable[str] = "all") -> list[str]:
    """Return the names of tasks: all, or those that names, globs or ``tag:…`` select."""
    return [card.name for card in catalog.select_tasks(request)]


def list_methods(request: str | Iterable[str] = "all") -> list[str]:
    """Return the names of methods; see :func:`list_tasks`."""
    return [card.name for card in catalog.select_methods(request)]


def task(name: str | TaskCard) -> TaskCard:
    """Return a task card by its name or by the path of a TOML file.

    Raises:
        EbmbenchError: there is no such task, or more than one.
    """
    if isinstance(name, TaskCard):
        return name
    return _only(catalog.select_tasks(name), "task", name)


def method(name: str | MethodCard) -> MethodCard:
    """Return a method card by its name or by the path of a TOML file; see :func:`task`."""
    if isinstance(name, MethodCard):
        return name
    return _only(catalog.select_methods(name), "method", name)


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

    return build.load_data(task(name), seed, None if data_dir is None else Path(data_dir))


def build_energy(
    name: str | TaskCard,
    dataset: Dataset,
    seed: int = 0,
    coordinates: Coordinates = "standardised",
) -> Energy:
    """Return the untrained energy of a task: the start of every method at this seed.

    Arguments:
        name: of the task, or its card.
        dataset: the rows; the energy starts at their Gaussian.
        seed: of the replicate.
        coordinates: those in which :func:`train` will train it, as a card asks for them:
            ``method("nce").for_task("ica/10").coordinates``; it takes the rows as they are.
    """
    from ebmbench.harness.build import make_energy

    return make_energy(task(name), dataset, seed, coordinates)


def train(
    energy: Energy,
    objective: str | MethodCard | Objective,
    dataset: Dataset,
    name: str | TaskCard,
    *,
    seed: int = 0,
    preset: Preset = "standard",
    steps: int | None = None,
    selection: Selection = "own-loss",
) -> Training:
    """Fit an energy in place, on the device where it is.

    With a method by name this does what ``ebmbench run`` does at the same task, seed and preset,
    of an energy that :func:`build_energy` made for the coordinates that the method asks for.

    Arguments:
        energy: the model; changed.
        objective: a method as its card tunes it, or one of your own with the default optimiser.
        dataset: the rows.
        name: the task, which says the budget.
        seed: of the batches and of the objective's noise.
        preset: which of the task's budgets.
        steps: in place of the budget's.
        selection: which weights the energy ends with: those of the lowest own validation loss,
            where the objective's loss can be compared between steps, or those of the last step.

    Returns:
        The learning curve, what the objective learned beside the energy (of the rows as they are),
        the cost, and both sets of weights: ``energy.load_state_dict(training.last.energy)``.

    Raises:
        EbmbenchError: the method is a reference, which is not trained by steps; an unknown preset.
    """
    from ebmbench.harness import training
    from ebmbench.harness.build import make_objective, make_streams
    from ebmbench.harness.coordinates import named, training_view
    from ebmbench.harness.grid import with_steps
    from ebmbench.harness.job import refuse_preset
    from ebmbench.objectives.base import Objective as ObjectiveBase

    refuse_preset(preset)
    card = task(name)
    optimiser = Optimiser()
    label = type(objective).__name__
    if not isinstance(objective, ObjectiveBase):
        chosen = method(objective).for_task(card.name)
        if chosen.objective is None:
            raise EbmbenchError(f"method {chosen.name!r} is a reference and has no training steps")
        objective, optimiser, label = make_objective(chosen), chosen.optimiser, chosen.name
    card = card if steps is None else with_steps(card, preset, steps)
    budget: Budget = getattr(card.budget, preset)
    streams = make_streams(card.name, label, seed, str(energy.reference.mean.device))
    inner, rows = training_view(energy, dataset)
    state = objective.init(inner, rows.train.to(streams.noise.device), streams.noise)
    result = training.train(
        inner,
        objective,
        state,
        rows,
        card=card,
        budget=budget,
        optimiser=optimiser,
        streams=streams,
        selection=selection,
    )
    return named(result, energy)


def evaluate(
    energy: Energy,
    dataset: Dataset,
    name: str | TaskCard,
    metrics: Iterable[str] | None = None,
    *,
    seed: int = 0,
    preset: Preset = "standard",
    learned_log_z: float | None = None,
) -> dict[str, Measurement]:
    """Measure a trained energy.

    Arguments:
        energy: the model; a copy is measured, and it stays as it is.
        dataset: the rows; test rows are scored.
        name: the task.
        metrics: names; by default those of the task's card.
        seed: of the evaluation's randomness.
        preset: how much work the estimators of ``log Z`` may do.
        learned_log_z: what the objective learned, if it did.

    Raises:
        EbmbenchError: an unknown metric, task or preset.
    """
    from ebmbench.harness.build import make_evaluation
    from ebmbench.harness.job import refuse_preset
    from ebmbench.metrics.evaluate import evaluate as measure
    from ebmbench.metrics.registry import find_metrics

    refuse_preset(preset)
    card = task(name)
    evaluation = make_evaluation(
        card, deepcopy(energy), dataset, seed=seed, preset=preset, learned_log_z=learned_log_z
    )
    # Names given here are the caller's own.
    beside = card.folder if metrics is None else card.folder or Path.cwd()
    return measure(evaluation, find_metrics(metrics or card.metrics.names, beside))


def run(
    methods: str | Iterable[str],
    tasks: str | Iterable[str],
    out: Path | str,
    *,
    preset: Preset = "standard",
    settings: Iterable[str] = (),
    seeds: int | None = None,
    steps: int | None = None,
    jobs: int | None = None,
    device: str = "cpu",
    data_dir: Path | str | None = None,
    timeout: float | None = None,
    force: bool = False,
    executor: Literal["local", "dask"] = "local",
    scheduler: str | None = None,
    cost: Literal["shared", "alone"] = "shared",
    selection: Selection = "own-loss",
) -> pd.DataFrame:
    """Run a grid in worker processes, write tables and pictures, and return the tidy table.

    What is done already under ``out`` is not done again. The arguments are those of
    ``ebmbench run``; ``settings`` are those of ``--set``, such as ``["dsm.sigma=0.02,0.05"]``.

    Raises:
        EbmbenchError: the request is wrong, or nothing of it can be done.
    """
    from ebmbench.harness.grid import execute, plan
    from ebmbench.harness.job import placed, refuse_preset
    from ebmbench.harness.progress import Reporter
    from ebmbench.records import read_records
    from ebmbench.report.write import write_tables
    from ebmbench.settings import read_setting, set_in_methods, set_in_tasks

    refuse_preset(preset)
    folder, chosen = Path(out), [read_setting(text) for text in settings]
    chosen_tasks = set_in_tasks(catalog.select_tasks(tasks), chosen, preset)
    chosen_methods = set_in_methods(catalog.select_methods(methods), chosen)
    request = plan(
        chosen_tasks,
        chosen_methods,
        folder,
        preset=preset,
        seeds=seeds,
        steps=steps,
        device=device,
        data_dir=None if data_dir is None else Path(data_dir),
        force=force,
        selection=selection,
    )
    execute(
        request,
        folder,
        Reporter(),
        workers=jobs,
        timeout=timeout,
        executor=executor,
        scheduler=scheduler,
        cost=cost,
    )
    write_tables(placed(read_records(folder), [*chosen_tasks, *chosen_methods]), folder)
    return results(folder)


def results(out: Path | str) -> pd.DataFrame:
    """Return the tidy table of an output folder: a row per task, method, seed and metric."""
    import pandas as pd

    from ebmbench.records import COLUMNS, read_records, tidy_rows

    return pd.DataFrame(tidy_rows(read_records(Path(out))), columns=COLUMNS)


def leaderboard(out: Path | str) -> str:
    """Return the leaderboard of an output folder as Markdown."""
    from ebmbench.records import read_records
    from ebmbench.report.tables.markdown import to_markdown
    from ebmbench.report.write import read_boards

    return to_markdown(read_boards(read_records(Path(out)), Path(out)))


def _only(cards: list[C], kind: str, name: str) -> C:
    if len(cards) != 1:
        raise EbmbenchError(f"{name!r} names {len(cards)} {kind}s, allowed: one")
    return cards[0]
