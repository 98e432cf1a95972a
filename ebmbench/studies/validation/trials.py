"""Repeats of one estimator on one case, and what they add up to."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from ebmbench.partition import LogZ
from ebmbench.seeds import generator
from ebmbench.studies.validation.cases import CASES, ESTIMATORS
from ebmbench.studies.validation.models import exact_log_z

LEVEL = 0.95
"""Of the intervals whose coverage is counted."""
QUANTILE = 1.96
ROUNDING = 1e-6
"""Nats below which an error of a deterministic estimate counts as none."""
LEVELLED = frozenset({"ais", "adaptive"})
"""Estimators whose bracket itself, of certified and refused numbers alike, has the level."""
SURPRISE = 1e-3
"""Probability below which a deviation in the wrong direction is no chance."""


@dataclass(frozen=True)
class Trial:
    """One estimate; errors are estimate minus truth, in nats."""

    error: float
    stderr: float
    lower: float | None
    """Error of the lower end."""
    upper: float | None
    point: float | None
    """Error of Bennett's estimate."""
    point_stderr: float | None
    certified: bool
    note: str
    seconds: float
    """Of the processor."""


@dataclass(frozen=True)
class Row:
    """All repeats of one estimator on one case."""

    case: str
    estimator: str
    dim: int
    log_z: float
    """The truth."""
    target: float
    trials: tuple[Trial, ...]

    @property
    def certified(self) -> int:
        """Return how many repeats were certified."""
        return sum(trial.certified for trial in self.trials)

    @property
    def covered(self) -> int:
        """Return how many repeats have the truth within their 95 % interval."""
        return sum(self.covers(trial) for trial in self.trials)

    def covers(self, trial: Trial) -> bool:
        """Whether the truth lies in the bracket; see :data:`LEVELLED` for what widens it."""
        return _covers(trial, 0.0 if self.estimator in LEVELLED else QUANTILE)

    @property
    def point_covered(self) -> int | None:
        """Return the same for Bennett's estimate; ``None`` where there is none."""
        pairs = [
            (t.point, t.point_stderr)
            for t in self.trials
            if t.point is not None and t.point_stderr is not None
        ]
        return sum(abs(e) <= QUANTILE * stderr for e, stderr in pairs) if pairs else None

    @property
    def bracket(self) -> float | None:
        """Return the median width of the bracket; ``None`` where an end is missing."""
        widths = [
            abs(t.upper - t.lower)
            for t in self.trials
            if t.lower is not None and t.upper is not None
        ]
        return statistics.median(widths) if widths else None

    @property
    def below(self) -> int | None:
        """Return in how many repeats the lower end is not above the truth."""
        ends = [t.lower for t in self.trials if t.lower is not None]
        return sum(end <= ROUNDING for end in ends) if ends else None

    @property
    def above(self) -> int | None:
        """Return in how many repeats the upper end is not below the truth."""
        ends = [t.upper for t in self.trials if t.upper is not None]
        return sum(end >= -ROUNDING for end in ends) if ends else None

    @property
    def refusals(self) -> list[str]:
        """Return the distinct reasons why repeats were refused."""
        return list(dict.fromkeys(t.note for t in self.trials if not t.certified))


def _covers(trial: Trial, quantile: float) -> bool:
    """Whether the truth lies in the bracket, widened by some standard errors to each side.

    Without an upper end the estimate stands for it; below an upper bound alone all is allowed.
    """
    bound_only = trial.lower is None and trial.upper is not None
    low = -math.inf if bound_only else trial.error
    low = low if trial.lower is None else min(low, trial.lower)
    high = trial.error if trial.upper is None else max(trial.error, trial.upper)
    reach = quantile * trial.stderr + ROUNDING
    return low - reach <= 0 <= high + reach


def run_row(name: str, estimator: str, repeats: int | None = None) -> Row:
    """Run the repeats of one estimator on one case.

    Arguments:
        name: of :data:`~ebmbench.studies.validation.cases.CASES`.
        estimator: of :data:`~ebmbench.studies.validation.cases.ESTIMATORS`.
        repeats: at most so many; as many as the case says when absent.
    """
    case = CASES[name]
    energy = case.build().requires_grad_(False)
    law, truth = case.law(energy), exact_log_z(energy)
    count = case.repeats[estimator] if repeats is None else min(repeats, case.repeats[estimator])
    trials = []
    for repeat in range(count):
        random = generator("validation", name, estimator, repeat)
        begin = time.process_time()
        found = ESTIMATORS[estimator](energy, law, random, case.target)
        trials.append(trial_of(found, truth, time.process_time() - begin))
    return Row(name, estimator, energy.dim, truth, case.target, tuple(trials))


def trial_of(found: LogZ, truth: float, seconds: float) -> Trial:
    """Return what one estimate comes to.

    Arguments:
        found: the estimate.
        truth: the known ``log Z``.
        seconds: that it took.
    """

    def error(end: float | None) -> float | None:
        return None if end is None else end - truth

    return Trial(
        error=found.log_z - truth,
        stderr=found.stderr,
        lower=error(found.lower),
        upper=error(found.upper),
        point=error(found.point),
        point_stderr=found.point_stderr,
        certified=found.certified,
        note=found.note,
        seconds=seconds,
    )


def problems(row: Row) -> list[str]:
    """Say what contradicts the promises of an estimator; empty: nothing does.

    A certified number must be right within its tolerance and noise, an interval must cover as
    often as it claims (that of annealing where the number is refused too), and a bound must hold
    in the mean. What chance explains is no problem.
    """
    found = []
    kept = [trial for trial in row.trials if trial.certified]
    for trial in kept:
        if not row.covers(trial) and abs(trial.error) > row.target + 3 * trial.stderr:
            found.append(f"certified with an error of {trial.error:.2g} nats")
    levelled = row.estimator in LEVELLED
    counted = row.trials if levelled else kept
    inside = sum(row.covers(trial) for trial in counted)
    if counted and stats.binom.cdf(inside, len(counted), LEVEL) < SURPRISE:
        which = "" if levelled else "certified "
        found.append(f"intervals cover the truth in {inside} of {len(counted)} {which}repeats")
    lower = [t.lower for t in row.trials if t.lower is not None]
    upper = [-t.upper for t in row.trials if t.upper is not None]
    for what, ends in (("lower", lower), ("upper", upper)):
        if _beyond(ends):
            found.append(f"the {what} end is on the wrong side of the truth in the mean")
    return found


def _beyond(ends: Sequence[float]) -> bool:
    """Whether errors that should not be positive in the mean are, by Student's t.

    Of a single repeat Markov's inequality is what remains: beyond seven nats with probability
    below :data:`SURPRISE`.
    """
    if len(ends) < 2:
        return any(end > -math.log(SURPRISE) for end in ends)
    noise = statistics.stdev(ends) / math.sqrt(len(ends))
    return statistics.fmean(ends) > stats.t.ppf(1 - SURPRISE, len(ends) - 1) * noise + ROUNDING
