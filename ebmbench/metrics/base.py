"""The contract of a metric: what it sees and what it returns."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.seeds import generator


@dataclass(frozen=True)
class Measurement:
    """One number and how far it can be trusted."""

    value: float
    stderr: float | None = None
    """Standard error, over test rows and of ``log Z`` together."""
    lower: float | None = None
    upper: float | None = None
    """The bracket, where the number has one (forward and reverse AIS)."""
    point: float | None = None
    """The value at the best point estimate of ``log Z``, where that is not the headline."""
    point_stderr: float | None = None
    certified: bool = True
    """Whether every check on the number passed; a number that is not is shown as refused."""
    note: str = ""
    """How it was computed, or why it is refused."""


@dataclass(frozen=True)
class Evaluation:
    """Everything a metric may look at."""

    energy: Energy
    dataset: Dataset
    card: TaskCard
    effort: int
    """0: smoke, 1: standard, 2: full; how much work an estimator may do."""
    learned_log_z: float | None
    """The ``log Z`` that the objective learned itself (NCE)."""
    seed: int
    """Seed of the evaluation; see :func:`ebmbench.seeds.generator`."""
    shared: dict[str, object]
    """Work that several metrics use, by name (test scores, ``log Z``)."""

    def generator(self, purpose: str) -> torch.Generator:
        """Return the generator of one purpose."""
        return generator(self.seed, purpose)
