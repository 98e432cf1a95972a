"""What every run says about its log-likelihood, sorted by task, seed and method."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ebmbench.records import MetricRecord, Record, Status

HEADLINE = "log_likelihood"
REGRET = "regret"
GAUSSIAN = "gaussian"
"""The method card that every board has as the rule to beat."""
LEAST = -sys.float_info.max
"""The lower end of a number that has none: above any failure, below all else."""


class State(StrEnum):
    """How far a run can be judged."""

    CERTIFIED = "certified"
    REFUSED = "refused"
    """It has a number that is not certified, or none: it takes part with its bracket."""
    FAILED = "failed"
    """It ended without a model, or with one of infinite loss: worse than any number."""


@dataclass(frozen=True)
class Outcome:
    """The log-likelihood of one run in nats per example; higher is better."""

    state: State
    value: float
    """The headline, at the conservative end of the bracket; ``-inf`` of a failure."""
    lower: float
    upper: float
    stderr: float | None = None
    """Over test rows, with the error of ``log Z``."""
    log_z_stderr: float = 0.0
    """Of ``log Z`` alone, which all rows share."""
    data: str = ""
    """Hash of the rows, where the record has it."""

    @property
    def has_number(self) -> bool:
        """Whether there is a finite value, certified or not."""
        return math.isfinite(self.value)

    @property
    def middle(self) -> float:
        """The middle of the bracket, or the value where the bracket is open."""
        ends = self.lower > LEAST and math.isfinite(self.upper)
        return 0.5 * (self.lower + self.upper) if ends else self.value


Outcomes = Mapping[str, Mapping[int, Mapping[str, Outcome]]]
"""By task, seed and method. A run that was skipped is not in it."""
Truths = Mapping[str, Mapping[int, float]]
"""Log-likelihood of the true density on the test rows, by task and seed, where it is known."""

FAILURE = Outcome(State.FAILED, -math.inf, -math.inf, -math.inf)


def outcome_of(record: Record) -> Outcome:
    """Return what a run that was not skipped says about its log-likelihood.

    Arguments:
        record: as a report sees it (:func:`ebmbench.divergence.effective`).
    """
    number = record.metrics.get(HEADLINE)
    infinite = number is not None and not math.isfinite(number.value)
    if record.status is not Status.OK or infinite:
        return FAILURE
    data = record.hashes.get("data", "")
    if number is None:
        return Outcome(State.REFUSED, math.nan, LEAST, math.inf, data=data)
    lower, upper = _bracket(number)
    return Outcome(
        State.CERTIFIED if number.certified else State.REFUSED,
        number.value,
        lower,
        upper,
        number.stderr,
        0.0 if record.log_z is None else record.log_z.stderr,
        data,
    )


def _bracket(number: MetricRecord) -> tuple[float, float]:
    """Return the ends; a certified number without a bracket is its own, a refused one has none."""
    ends = (number.value, number.value) if number.certified else (LEAST, math.inf)
    lower = ends[0] if number.lower is None else max(number.lower, LEAST)
    upper = ends[1] if number.upper is None else number.upper
    return min(lower, number.value), max(upper, number.value)


def sort_outcomes(records: Iterable[Record]) -> Outcomes:
    """Return the outcomes of all runs that were not skipped.

    Arguments:
        records: as a report sees them (:func:`ebmbench.divergence.effective`).
    """
    found: dict[str, dict[int, dict[str, Outcome]]] = defaultdict(lambda: defaultdict(dict))
    for record in sorted(records, key=lambda r: (r.task, r.seed, r.method)):
        if record.status is not Status.SKIPPED:
            found[record.task][record.seed][record.method] = outcome_of(record)
    return {task: dict(of_seed) for task, of_seed in found.items()}


def find_truths(records: Iterable[Record]) -> Truths:
    """Return the truth's log-likelihood: that of any method plus its regret, at the same seed."""
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for record in sorted(records, key=lambda r: (r.task, r.seed, r.method)):
        likelihood, regret = record.metrics.get(HEADLINE), record.metrics.get(REGRET)
        if likelihood is not None and regret is not None and math.isfinite(regret.value):
            found[record.task].setdefault(record.seed, likelihood.value + regret.value)
    return dict(found)


def common_seeds(
    of_seed: Mapping[int, Mapping[str, Outcome]], methods: Sequence[str]
) -> list[int]:
    """Return the seeds at which all methods were tried."""
    return [seed for seed, found in sorted(of_seed.items()) if all(m in found for m in methods)]
