"""From the rows that a task names to those that a model is trained on, and back."""

from __future__ import annotations

from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.energies import energy_class
from ebmbench.energies.base import Energy
from ebmbench.energies.coordinates import Coordinates
from ebmbench.energies.pulled_back import PulledBack
from ebmbench.objectives.base import State


def kind_for(task: TaskCard, wanted: str) -> str:
    """Return the coordinates that a task's energy is trained in where a method asks for some.

    Raises:
        EbmbenchError: the task names no energy.
    """
    allowed = energy_class(task.energy.kind, task.folder).coordinates
    return wanted if wanted in allowed else allowed[0]


def training_view(energy: Energy, dataset: Dataset) -> tuple[Energy, Dataset]:
    """Return what is trained: the energy and the rows in its coordinates.

    Rows stay on the CPU. An energy that is not pulled back from elsewhere is trained where the
    rows are.
    """
    if not isinstance(energy, PulledBack):
        return energy, dataset
    return energy.inner, mapped(dataset, energy.map.on_cpu())


def mapped(dataset: Dataset, coordinates: Coordinates) -> Dataset:
    """Return rows for training in other coordinates; what training does not need is left out."""
    return Dataset(
        train=coordinates.apply(dataset.train),
        validation=coordinates.apply(dataset.validation),
        test=dataset.test[:0],
        log_det=dataset.log_det + coordinates.log_det,
    )


def name_space(state: State, energy: Energy) -> None:
    """Turn a ``log Z`` that was learned of the inner energy into that of the outer one, in place.

    Done once, after training.
    """
    learned = state.learned.get("log_z")
    if learned is not None and isinstance(energy, PulledBack):
        learned.data -= energy.map.log_det
