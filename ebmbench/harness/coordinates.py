"""From the rows that a task names to those that a model is trained on, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.energies import energy_class
from ebmbench.energies.base import Energy
from ebmbench.energies.coordinates import Coordinates
from ebmbench.energies.pulled_back import INNER, PulledBack
from ebmbench.harness.selection import LEARNED, WeightSet

if TYPE_CHECKING:
    from ebmbench.harness.training import Training


def kind_for(task: TaskCard, wanted: str) -> str:
    """Return the coordinates that a task's energy is trained in where a method asks for some.

    Raises:
        EbmbenchError: the task names no energy.
    """
    allowed = allowed_coordinates(task)
    return wanted if wanted in allowed else allowed[0]


def allowed_coordinates(task: TaskCard) -> tuple[str, ...]:
    """Return the coordinates that a task's energy can be trained in, first the default.

    Raises:
        EbmbenchError: the task names no energy.
    """
    return energy_class(task.energy.kind, task.folder).coordinates


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


def named(training: Training, energy: Energy) -> Training:
    """Return a training of an inner energy as one of the outer one, which users load and score.

    Both sets of weights become states of the outer energy, and a ``log Z`` that was learned is
    that of the outer one; the parameter itself is shifted in place, so this is done once.

    Arguments:
        training: of the inner energy.
        energy: the outer one; itself, where nothing was pulled back.
    """
    if not isinstance(energy, PulledBack):
        return training
    learned = training.state.learned.get("log_z")
    if learned is not None:
        learned.data -= energy.map.log_det
    selected, last = (_outer(each, energy) for each in (training.selected, training.last))
    return replace(training, selected=selected, last=last)


def named_log_z(log_z: Tensor | None, energy: Energy) -> float | None:
    """Return the ``log Z`` of an outer energy, given that of its inner one.

    Arguments:
        log_z: of what was trained, a scalar, or ``None``.
        energy: the outer energy; itself, where nothing was pulled back.
    """
    if log_z is None:
        return None
    shift = energy.map.log_det if isinstance(energy, PulledBack) else 0.0
    return float(log_z.detach()) - shift


def _outer(weights: WeightSet, energy: PulledBack) -> WeightSet:
    inner = {INNER + name: tensor for name, tensor in weights.energy.items()}
    learned = dict(weights.learned)
    if "log_z" in learned:
        learned["log_z"] = learned["log_z"] - energy.map.log_det
    beside = {LEARNED + name: tensor for name, tensor in learned.items()}
    own = {name: t for name, t in energy.state_dict().items() if not name.startswith(INNER)}
    return replace(weights, tensors={**own, **inner, **beside})
