"""The contract of a metric: what it sees and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast

import torch

from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.seeds import generator

T = TypeVar("T")


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
    own_sampler: OwnSampler | None = None
    """What the method that trained the energy brings to draw from it, if it does."""
    memo: dict[str, object] = field(default_factory=dict)
    """What several metrics use, by name (test scores, ``log Z``); see :func:`once`."""

    def generator(self, purpose: str) -> torch.Generator:
        """Return the generator of one purpose."""
        return generator(self.seed, purpose)


def once(evaluation: Evaluation, name: str, compute: Callable[[], T]) -> T:
    """Return what ``compute`` gave the first time that an evaluation asked for ``name``."""
    if name not in evaluation.memo:
        evaluation.memo[name] = compute()
    return cast(T, evaluation.memo[name])
