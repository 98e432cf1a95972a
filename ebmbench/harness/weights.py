"""Trained weights as safetensors, and the way back from them to an energy.

A file holds the selected weights under their own names, and those of the last step with
:data:`LAST` before each name where they are others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ebmbench.cards import TaskCard
from ebmbench.energies import build_energy
from ebmbench.energies.base import Energy
from ebmbench.energies.flow import FlowEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.energies.pulled_back import PulledBack
from ebmbench.errors import QUOTED, EbmbenchError, cut, first_line
from ebmbench.harness.selection import LEARNED

MOST_DIMS = 1 << 13
"""Of weights that are loaded, which may be a stranger's: rows are made to build their energy."""
LEVELS = "levels"
"""Name among the weights of the noise levels of a conditional energy."""
LAST = "last."
"""Prefix of the weights after the last step; those of an energy in coordinates begin with
:data:`~ebmbench.energies.pulled_back.INNER`, so that no module of a user's can be taken for it."""


def packed_weights(
    energy: Energy, learned: Mapping[str, Tensor], last: Mapping[str, Tensor] | None = None
) -> bytes:
    """Return the energy's state and the learned parameters as the content of a safetensors file.

    The file says in how many dimensions the energy lives, since the state alone need not.

    Arguments:
        energy: with the selected weights.
        learned: what was learned beside it, by name.
        last: the same two of the last step, as
            :attr:`~ebmbench.harness.selection.WeightSet.tensors`; ``None``: they are no others.
    """
    tensors = dict(energy.state_dict()) | {LEARNED + name: t for name, t in learned.items()}
    tensors |= {LAST + name: t for name, t in (last or {}).items()}
    whole = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    return bytes(save(whole, {"dim": str(energy.dim)}))


def load_energy(
    path: Path, task: TaskCard, which: Literal["selected", "last"] = "selected"
) -> Energy:
    """Rebuild the energy that :func:`packed_weights` put into a file.

    Arguments:
        path: the safetensors file.
        task: the task card of the record, which says what the energy is made of.
        which: of the two sets of weights.

    Raises:
        EbmbenchError: the file is missing or damaged, or holds another energy than the card
            describes.
    """
    if not path.is_file():
        raise EbmbenchError(f"weights {str(path)!r} do not exist")
    tensors, dim = _read(path, which)
    if GaussianMixtureEnergy.holds(tensors):
        return GaussianMixtureEnergy.from_state(tensors)
    if FlowEnergy.holds(tensors):
        return FlowEnergy.from_state(tensors)
    parts = PulledBack.split(tensors)
    if parts is None:
        # of 0.1, which trained where the rows are
        return _inner(path, task, tensors, dim)
    coordinates, inner = parts
    return PulledBack(_inner(path, task, inner, dim), coordinates)


def _inner(path: Path, task: TaskCard, tensors: dict[str, Tensor], dim: int) -> Energy:
    """Build what a card names and give it the tensors."""
    # Rows of the right width, from which an energy is built; its every tensor is then overwritten.
    rows = torch.randn(2 * dim, dim, generator=torch.Generator().manual_seed(0))
    start = torch.Generator().manual_seed(0)
    kind, options = task.energy.kind, task.energy.options
    # of a method of many noise levels, which conditioned the network of the task on them
    levels = tensors["levels"].tolist() if LEVELS in tensors else None
    energy = build_energy(kind, options, rows, start, beside=task.folder, levels=levels)
    try:
        energy.load_state_dict(tensors)
    except RuntimeError as error:
        words = cut(" ".join(str(error).split()), QUOTED)
        raise EbmbenchError(
            f"weights {str(path)!r} do not fit the energy of task {task.name!r}: {words}"
        ) from None
    return energy


def _read(path: Path, which: Literal["selected", "last"]) -> tuple[dict[str, Tensor], int]:
    """Return the tensors of the energy, in one of its two sets, and its dimension."""
    try:
        with safe_open(path, framework="pt") as file:
            words = file.metadata() or {}
            names = list(file.keys())
            last = {name.removeprefix(LAST): name for name in names if name.startswith(LAST)}
            chosen = {name: name for name in names if not name.startswith(LAST)}
            if which == "last" and last:
                chosen = last
            tensors = {
                name: file.get_tensor(stored)
                for name, stored in chosen.items()
                if not name.startswith(LEARNED)
            }
    except (SafetensorError, OSError) as error:
        raise EbmbenchError(f"weights {str(path)!r} cannot be read: {first_line(error)}") from None
    # Files of 0.1 do not say it; the energies of that time have a reference among their tensors.
    known = words.get("dim", str(len(tensors.get("mean", ()))))
    if not known.isdecimal() or not 1 <= int(known[:9]) <= MOST_DIMS:
        raise EbmbenchError(
            f"weights {str(path)!r} live in {cut(known)!r} dimensions, allowed: 1 to {MOST_DIMS}"
        )
    return tensors, int(known)
