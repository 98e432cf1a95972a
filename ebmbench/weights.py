"""Trained weights beside a record, and the way back from them to an energy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ebmbench.cards import TaskCard
from ebmbench.energies import build_energy
from ebmbench.energies.base import Energy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.errors import EbmbenchError

LEARNED = "learned."
"""Prefix of parameters that the objective learned beside the energy."""


def save_weights(path: Path, energy: Energy, learned: Mapping[str, Tensor]) -> None:
    """Write the energy's state and the learned parameters as safetensors."""
    tensors = dict(energy.state_dict()) | {LEARNED + name: t for name, t in learned.items()}
    save_file({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}, path)


def load_energy(path: Path, task: TaskCard) -> Energy:
    """Rebuild the energy that :func:`save_weights` wrote.

    Arguments:
        path: the safetensors file.
        task: the task card of the record, which says what the energy is made of.

    Raises:
        EbmbenchError: the file is missing, or holds another energy than the card describes.
    """
    if not path.is_file():
        raise EbmbenchError(f"weights {str(path)!r} do not exist")
    tensors = {k: t for k, t in load_file(path).items() if not k.startswith(LEARNED)}
    if GaussianMixtureEnergy.holds(tensors):
        return GaussianMixtureEnergy.from_state(tensors)
    rows = _rows_of_the_width(tensors)
    start = torch.Generator().manual_seed(0)
    energy = build_energy(task.energy.kind, task.energy.options, rows, start)
    try:
        energy.load_state_dict(tensors)
    except RuntimeError as error:
        raise EbmbenchError(
            f"weights {str(path)!r} do not fit the energy of task {task.name!r}: {error}"
        ) from None
    return energy


def _rows_of_the_width(tensors: Mapping[str, Tensor]) -> Tensor:
    """Rows from which an energy of the width is built; its every tensor is then overwritten."""
    dim = len(tensors["mean"])
    return torch.randn(2 * dim, dim, generator=torch.Generator().manual_seed(0))
