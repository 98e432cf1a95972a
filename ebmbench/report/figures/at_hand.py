"""What can be drawn of a run here: what cannot is left out, and said so in the log."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

from ebmbench.datasets.base import Density
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.weights import load_energy
from ebmbench.partition.grid import Box
from ebmbench.records import Record
from ebmbench.report.figures.learned import (
    Picture,
    cache_of,
    learned_density,
    true_density,
    weights_path,
)

LOG = logging.getLogger(__name__)


def density_at_hand(run: Record, box: Box, out: Path) -> Picture | None:
    """Return what a run learned as :func:`learned_density`, or ``None`` where that cannot be."""
    path = weights_path(out, run)
    if path is None:
        return None
    try:
        return learned_density(path, run.task_card, box, cache_of(out))
    except EbmbenchError as error:
        _leave_out(out, run.task, str(error))
        return None


def energy_at_hand(run: Record, out: Path) -> Energy | None:
    """Return the energy of a run, or ``None`` where its weights or its class are not there."""
    path = weights_path(out, run)
    if path is None:
        return None
    try:
        return load_energy(path, run.task_card)
    except EbmbenchError as error:
        _leave_out(out, run.task, str(error))
        return None


def truth_at_hand(run: Record, out: Path) -> Density | None:
    """Return :func:`true_density` of a run's task, or ``None`` where its loader is not there."""
    try:
        return true_density(run.task_card, run.seed if run.task_card.family == "ica" else 0)
    except EbmbenchError as error:
        _leave_out(out, run.task, str(error))
        return None


@lru_cache(maxsize=4096)
def _leave_out(out: Path, task: str, reason: str) -> None:
    """Log what is left out of the report of a folder; once, however many pictures it is."""
    LOG.warning("%s: pictures of %s are left out: %s", out, task, reason)
