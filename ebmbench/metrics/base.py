"""The contract of a metric: what it sees and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import TypeVar, cast

import torch

from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.seeds import generator

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
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

    @property
    def number(self) -> str:
        """The value with its standard error, for people."""
        error = "" if self.stderr is None else f" ± {self.stderr:.2g}"
        return f"{self.value:z.4g}{error}"

    @property
    def bracket(self) -> str:
        """Both ends of the bracket for people, or nothing."""
        if self.lower is None or self.upper is None:
            return ""
        return f"{self.lower:z.4g} to {self.upper:z.4g}"

    @property
    def certificate(self) -> str:
        """Whether the number may be used, in a word."""
        return "certified" if self.certified else "refused"

    def __repr__(self) -> str:
        words = (self.number, self.bracket, self.certificate)
        return f"Measurement({', '.join(filter(None, words))})"

    def _repr_html_(self) -> str:
        words = escape(repr(self).removeprefix("Measurement(").removesuffix(")"))
        return f'<span title="{escape(self.note)}">{words}</span>'


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
