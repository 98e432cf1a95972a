"""Energies: networks over a Gaussian reference measure, and models with a known ``Z``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.registry import ENERGIES

__all__ = ["Energy", "build_energy"]


def build_energy(
    kind: str, options: Mapping[str, Any], train: Tensor, generator: torch.Generator
) -> Energy:
    """Build the energy of a task card.

    Arguments:
        kind: a name of :data:`ebmbench.registry.ENERGIES` or ``package.module:Class``.
        options: the card's ``[energy.options]``.
        train: training rows, ``(n, d)``; their mean and spread set the reference Gaussian.
        generator: the source of the initial weights.

    Raises:
        EbmbenchError: an unknown kind or a bad option.
    """
    energy: Energy = ENERGIES.get(kind).create(train, generator, **options)
    return energy
