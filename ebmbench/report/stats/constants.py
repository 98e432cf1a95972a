"""Who knows its own constant: the ``log Z`` that methods bring, against the evaluation's.

An objective that brings a ``log Z`` (a normaliser that it learned, weights of its chains, noise
levels tied down from a Gaussian) says with it how likely a row is, at no further cost. How far it
is off is known wherever the evaluation certified its own estimate. Records of 0.1, which do not
have that estimate, have no part.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from ebmbench.divergence import effective
from ebmbench.records import Record, Status
from ebmbench.report.stats.families import natural_order


@dataclass(frozen=True)
class RunConstant:
    """What one run said of its ``log Z``, in nats."""

    task: str
    seed: int
    own: float
    """As the method has it."""
    found: float
    """As the evaluation found it."""
    stderr: float
    """Of the latter."""
    certified: bool
    """Whether the latter is."""

    @property
    def error(self) -> float:
        """The method's less the evaluation's: what its log-likelihoods are too low by."""
        return self.own - self.found


@dataclass(frozen=True)
class MethodConstants:
    """What one objective said in one family."""

    family: str
    method: str
    runs: Sequence[RunConstant]

    @property
    def refused(self) -> int:
        """In how many runs there is no certified value to compare with."""
        return sum(not run.certified for run in self.runs)

    def errors(self) -> dict[str, float]:
        """Return the error per task, mean over seeds, of certified runs."""
        of_task: dict[str, list[float]] = defaultdict(list)
        for run in self.runs:
            if run.certified:
                of_task[run.task].append(run.error)
        return {task: fmean(values) for task, values in of_task.items()}

    @property
    def size(self) -> float | None:
        """The median over tasks of the size of the error; ``None``: nothing is certified."""
        found = [abs(error) for error in self.errors().values()]
        return median(found) if found else None


def own_constants(records: Sequence[Record]) -> list[MethodConstants]:
    """Return what objectives said of their ``log Z``, by family, the nearest first.

    Arguments:
        records: of an output folder.
    """
    found: dict[tuple[str, str], list[RunConstant]] = defaultdict(list)
    for record in records:
        own, log_z = record.learned_log_z, record.log_z
        if own is None or log_z is None or effective(record).status is not Status.OK:
            continue
        numbers = (record.seed, own, log_z.value, log_z.stderr, log_z.certified)
        found[record.task_card.family, record.method].append(RunConstant(record.task, *numbers))
    methods = [
        MethodConstants(*key, sorted(runs, key=lambda run: (natural_order(run.task), run.seed)))
        for key, runs in found.items()
    ]

    def place(each: MethodConstants) -> tuple[str, float, str]:
        return each.family, math.inf if each.size is None else each.size, each.method

    return sorted(methods, key=place)
