"""What the choice of weights changes: of the last step, of the lowest own loss, by likelihood.

The gain is of test rows, the weights of the lowest own validation loss against those of the last
step. What the validation likelihood would have chosen is told beside it and used by nothing: a
user who could compute it would train by it. Both its numbers are of validation rows.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from ebmbench.divergence import effective
from ebmbench.records import Record, Status
from ebmbench.report.stats.families import natural_order

HEADLINE = "log_likelihood"


@dataclass(frozen=True)
class RunChange:
    """What selection changed about one run."""

    task: str
    seed: int
    kept: float
    """Step of the selected weights over that of the last, 1 where they are the same."""
    gain: float | None
    """Nats per test row over the last step; ``None`` where its likelihood is not known."""
    certified: bool
    """Whether both numbers of the gain are."""
    likelier: float | None
    """Nats per validation row that the choice by likelihood has more; ``None``: not known."""
    lost: bool
    """Whether the last step is out of every reasonable range."""


@dataclass(frozen=True)
class MethodChange:
    """What selection changes for one objective in one family."""

    family: str
    method: str
    runs: Sequence[RunChange]

    @property
    def earlier(self) -> int:
        """In how many runs another step than the last was chosen."""
        return sum(run.kept < 1 for run in self.runs)

    @property
    def lost(self) -> int:
        """In how many runs the last step is out of range."""
        return sum(run.lost for run in self.runs)

    @property
    def refused(self) -> int:
        """In how many runs a number of the gain is not certified."""
        return sum(run.gain is not None and not run.certified for run in self.runs)

    def gains(self) -> dict[str, float]:
        """Return the gain per task, mean over seeds, of tasks on which it is known."""
        return _by_task({run: run.gain for run in self.runs})

    def likelier(self) -> dict[str, float]:
        """Return what the choice by likelihood has more per task, mean over seeds."""
        return _by_task({run: run.likelier for run in self.runs})


@dataclass(frozen=True)
class Span:
    """The middle and the ends of some numbers."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Span | None:
        """Return that of the values, ``None`` where there are none."""
        found = list(values.values())
        return cls(median(found), min(found), max(found)) if found else None


def selection_changes(records: Sequence[Record]) -> list[MethodChange]:
    """Return what selection changes, by family and objective.

    Runs of which the last step was asked for, references, objectives whose loss cannot be compared
    between steps, and records of 0.1 have no part.

    Arguments:
        records: of an output folder.
    """
    found: dict[tuple[str, str], list[RunChange]] = defaultdict(list)
    for record in records:
        change = _change(record)
        if change is not None:
            found[record.task_card.family, record.method].append(change)
    return [
        MethodChange(*key, sorted(runs, key=lambda run: (natural_order(run.task), run.seed)))
        for key, runs in sorted(found.items())
    ]


def _change(record: Record) -> RunChange | None:
    chosen = record.selection
    if (
        chosen is None
        or chosen.selected.validation_loss is None
        or record.selected_by != "own-loss"
        or effective(record).status is not Status.OK
    ):
        return None
    same = chosen.selected.step == chosen.last.step
    ours, theirs = record.metrics.get(HEADLINE), chosen.last_log_likelihood
    gain, certified = (0.0, True) if same else (None, False)
    if ours is not None and theirs is not None and not same:
        difference = ours.value - theirs.value
        gain = difference if math.isfinite(difference) else None
        certified = ours.certified and theirs.certified
    best, own = (
        None if mark is None else mark.validation_log_likelihood
        for mark in (chosen.by_likelihood, chosen.selected)
    )
    return RunChange(
        task=record.task,
        seed=record.seed,
        kept=chosen.selected.step / chosen.last.step,
        gain=gain,
        certified=certified,
        likelier=None if best is None or own is None else best - own,
        lost=bool(chosen.last_out_of_range),
    )


def _by_task(values: Mapping[RunChange, float | None]) -> dict[str, float]:
    of_task: dict[str, list[float]] = defaultdict(list)
    for run, value in values.items():
        if value is not None:
            of_task[run.task].append(value)
    return {task: fmean(found) for task, found in of_task.items()}
