"""What can be drawn of a run here: what cannot is left out, and said so in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from ebmbench.datasets.base import Density
from ebmbench.energies.base import Energy
from ebmbench.errors import first_line
from ebmbench.harness.weights import load_energy
from ebmbench.partition.grid import Box
from ebmbench.records import Record, beside
from ebmbench.report.figures.learned import (
    Picture,
    cache_of,
    learned_density,
    true_density,
)

T = TypeVar("T")
LOG = logging.getLogger(__name__)


def weights_at_hand(run: Record, out: Path) -> Path | None:
    """Return the weights of a run, or ``None`` where they are gone or not those of its record."""
    return _tried(lambda: beside(run, out, run.weights), run, out)


def density_at_hand(run: Record, box: Box, out: Path) -> Picture | None:
    """Return what a run learned as :func:`learned_density`, or ``None`` where that cannot be."""
    path = weights_at_hand(run, out)
    if path is None:
        return None
    return _tried(lambda: learned_density(path, run.task_card, box, cache_of(out)), run, out)


def energy_at_hand(run: Record, out: Path) -> Energy | None:
    """Return the energy of a run, or ``None`` where its weights or its class are not there."""
    path = weights_at_hand(run, out)
    return None if path is None else _tried(lambda: load_energy(path, run.task_card), run, out)


def truth_at_hand(run: Record, out: Path) -> Density | None:
    """Return :func:`true_density` of a run's task, or ``None`` where its loader is not there."""
    seed = run.seed if run.task_card.family == "ica" else 0
    return _tried(lambda: true_density(run.task_card, seed), run, out)


def drawn(draw: Callable[[], T], run: Record, out: Path) -> T | None:
    """Return what is drawn of the task of a run, or ``None`` where its weights do not allow it.

    The card and the weights may be a stranger's, and need not fit each other or the family.
    """
    return _tried(draw, run, out)


def _tried(make: Callable[[], T], run: Record, out: Path) -> T | None:
    try:
        return make()
    except Exception as error:
        _leave_out(out, run.task, first_line(error))
        return None


@lru_cache(maxsize=4096)
def _leave_out(out: Path, task: str, reason: str) -> None:
    """Log what is left out of the report of a folder; once, however many pictures it is."""
    LOG.warning("%s: pictures of %s are left out: %s", out, task, reason)
