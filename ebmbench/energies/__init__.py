"""Energies: networks over a Gaussian reference measure, and models with a known ``Z``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.conditional import ConditionalEnergy
from ebmbench.energies.gaussian import Gaussian
from ebmbench.errors import EbmbenchError, first_line
from ebmbench.registry import ENERGIES

__all__ = ["Energy", "build_energy", "energy_class", "levelled"]


def build_energy(
    kind: str,
    options: Mapping[str, Any],
    train: Tensor,
    generator: torch.Generator,
    *,
    reference: Gaussian | None = None,
    beside: Path | None = None,
    levels: Sequence[float] | None = None,
) -> Energy:
    """Build the energy of a task card.

    Arguments:
        kind: a name of :data:`ebmbench.registry.ENERGIES` or ``package.module:Class``.
        options: the card's ``[energy.options]``.
        train: training rows, ``(n, d)``, in the coordinates of the energy.
        generator: the source of the initial weights.
        reference: the Gaussian to start at; ``None``: what the energy makes of the rows itself.
        beside: the folder of the card, where a module is looked for first.
        levels: noise levels, falling, for its network to be conditioned on (:func:`levelled`);
            an energy that has levels of its own keeps them.

    Raises:
        EbmbenchError: an unknown kind, a bad option, or a dimension that the energy cannot take.
    """
    found = energy_class(kind, beside)
    if levels is not None and not issubclass(found, ConditionalEnergy):
        found, options = levelled(kind, beside), {**options, "levels": list(levels)}
    try:
        energy = found.create(train, generator, **options)
        if reference is not None:
            energy.start_at(reference)
    except EbmbenchError:
        raise
    except Exception as error:
        # A stranger's class may raise anything, such as TypeError for an option it does not have.
        words = first_line(error)
        raise EbmbenchError(
            f"energy {kind!r} cannot be built for rows of {train.shape[1]} numbers with the "
            f"options {dict(options)}: {words}"
        ) from error
    if energy.dim != train.shape[1]:
        raise EbmbenchError(
            f"energy {kind!r} takes points of {energy.dim} numbers, but a row has {train.shape[1]}"
        )
    return energy


def energy_class(kind: str, beside: Path | None = None) -> type[Energy]:
    """Return the class that a task card names.

    Raises:
        EbmbenchError: there is none, or it is no energy.
    """
    found = ENERGIES.get(kind, beside)
    if not (isinstance(found, type) and issubclass(found, Energy)):
        raise EbmbenchError(
            f"energy {kind!r} is no subclass of ebmbench.energies.Energy, the contract of energies"
        )
    return found


def levelled(kind: str, beside: Path | None = None) -> type[Energy]:
    """Return the energy of many noise levels with the network that a task card names.

    Raises:
        EbmbenchError: there is none.
    """
    found = energy_class(kind, beside)
    if issubclass(found, ConditionalEnergy):
        return found
    if found.levelled is None:
        raise EbmbenchError(f"energy {kind!r} cannot be conditioned on noise levels")
    return found.levelled
