"""Energies: networks over a Gaussian reference measure, and models with a known ``Z``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError, first_line
from ebmbench.registry import ENERGIES

__all__ = ["Energy", "build_energy"]


def build_energy(
    kind: str,
    options: Mapping[str, Any],
    train: Tensor,
    generator: torch.Generator,
    *,
    beside: Path | None = None,
) -> Energy:
    """Build the energy of a task card.

    Arguments:
        kind: a name of :data:`ebmbench.registry.ENERGIES` or ``package.module:Class``.
        options: the card's ``[energy.options]``.
        train: training rows, ``(n, d)``; their mean and spread set the reference Gaussian.
        generator: the source of the initial weights.
        beside: the folder of the card, where a module is looked for first.

    Raises:
        EbmbenchError: an unknown kind, a bad option, or a dimension that the energy cannot take.
    """
    found = ENERGIES.get(kind, beside)
    if not (isinstance(found, type) and issubclass(found, Energy)):
        raise EbmbenchError(
            f"energy {kind!r} is no subclass of ebmbench.energies.Energy, the contract of energies"
        )
    try:
        energy = found.create(train, generator, **options)
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
