"""Counting what an objective, a sampler or a metric really evaluates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Counts:
    """Evaluations per example: one row of ``x`` through one operator counts one."""

    energy: int = 0
    """Energies ``E(x)`` without an input gradient."""
    score: int = 0
    """Input gradients (each contains its energy)."""
    hvp: int = 0
    """Hessian-vector products, or directional second derivatives."""
    auxiliary: int = 0
    """Rows through a network beside the energy (a critic, a flow), there or back."""


_active: list[Counts] = []


@contextmanager
def count_evaluations(counts: Counts | None = None) -> Iterator[Counts]:
    """Count every evaluation made inside the block; blocks nest.

    Arguments:
        counts: add to this one; ``None``: start at zero.

    Example:
        >>> with count_evaluations() as counts:
        ...     record(energy=3)
        >>> counts.energy
        3
    """
    counts = Counts() if counts is None else counts
    _active.append(counts)
    try:
        yield counts
    finally:
        _active.pop()


def record(energy: int = 0, score: int = 0, hvp: int = 0, auxiliary: int = 0) -> None:
    """Add to every open :func:`count_evaluations` block; called by the operators."""
    for counts in _active:
        counts.energy += energy
        counts.score += score
        counts.hvp += hvp
        counts.auxiliary += auxiliary
