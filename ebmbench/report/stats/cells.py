"""What one method reached on one task, as a number or as a word."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from ebmbench.records import Record, Status
from ebmbench.report.stats.intervals import Interval, mean_interval
from ebmbench.report.stats.outcomes import (
    GAUSSIAN,
    HEADLINE,
    LEAST,
    Outcome,
    Outcomes,
    Truths,
)
from ebmbench.report.stats.pairs import Difference, difference, pair_at
from ebmbench.report.stats.rows import Moments

ABSENT = "–"


class Measure(StrEnum):
    """What a cell holds; in nats per test example."""

    REGRET = "regret"
    """The truth's log-likelihood minus the method's; lower is better."""
    GAIN = "gain"
    """The method's log-likelihood minus that of the fitted Gaussian; higher is better."""
    RAW = "log-likelihood"
    """As it is, where neither the truth nor a fitted Gaussian is there."""

    @property
    def sign(self) -> float:
        """Return 1 where higher is better, -1 where lower is."""
        return -1.0 if self is Measure.REGRET else 1.0


@dataclass(frozen=True)
class Cell:
    """What one method reached on one task."""

    score: Interval | None
    """Mean over seeds; ``None`` when a run failed or a number was refused."""
    word: str
    """What to print in place of a score: ``refused``, ``diverged 1/3``, ``skipped``, ``–``."""
    missing: int
    """Seeds that other methods of the task have and this one has not."""
    values: Mapping[int, float]
    """The certified number of each seed that has one."""
    bracket: tuple[float, float] | None = None
    """Ends of the mean over seeds where a number was refused, all runs have one and no end is
    open."""

    @property
    def takes_part(self) -> bool:
        """Whether all seeds were tried, so that a missing score is the method's own."""
        return self.missing == 0 and self.word not in (ABSENT, "skipped")

    @property
    def failed(self) -> bool:
        """Whether a run ended without a number: the only reason to be last for lack of one."""
        words = (ABSENT, "skipped")
        return self.score is None and not self.word.startswith(("refused", *words))


def make_cell(records: Sequence[Record], expected: int, metric: str = HEADLINE) -> Cell:
    """Return what the runs of one method on one task come to, as the records have it.

    Arguments:
        records: of the pair; none where it was never tried.
        expected: how many seeds there should be.
        metric: which number. A run that lacks the headline is refused; no other is promised.
    """
    numbers = {r.seed: r.metrics[metric] for r in records if metric in r.metrics}
    if not records or (metric != HEADLINE and not numbers):
        return Cell(None, ABSENT, expected, {})
    values = {
        seed: number.value
        for seed, number in numbers.items()
        if number.certified and math.isfinite(number.value)
    }
    missing = max(expected - len(records), 0)
    word = _word(records, values, metric)
    if word:
        ends = [(n.lower, n.upper) for n in numbers.values() if math.isfinite(n.value)]
        bracket = _mean_bracket(ends) if len(ends) == len(records) else None
        return Cell(None, word, missing, values, bracket)
    return Cell(mean_interval(list(values.values())), "", missing, values)


def measured_cell(
    raw: Cell,
    measure: Measure,
    task: str,
    method: str,
    *,
    outcomes: Outcomes,
    truths: Truths,
    moments: Moments,
    regrets: Mapping[int, float],
) -> Cell:
    """Return a cell in the measure of its task, paired with the truth or Gaussian of each seed.

    Arguments:
        raw: the cell as :func:`make_cell` makes it.
        measure: of the task.
        task: its name.
        method: the row.
        outcomes: the runs.
        truths: of the tasks that have one.
        moments: of rows, for the error where there is one seed.
        regrets: by seed, the standard error of the regret over rows, where the records have it.
    """
    if measure is Measure.RAW or raw.word in (ABSENT, "skipped"):
        return raw
    found = {seed: of[method] for seed, of in outcomes.get(task, {}).items() if method in of}
    gaps: dict[int, Difference] = {}
    for seed, outcome in sorted(found.items()):
        gap = (
            _from_truth(outcome, truths[task][seed], regrets.get(seed))
            if measure is Measure.REGRET
            else pair_at(method, GAUSSIAN, dict(outcomes[task][seed]), moments.get((task, seed)))
        )
        if gap is not None:
            gaps[seed] = gap
    certified = {seed: gap.value for seed, gap in gaps.items() if seed in raw.values}
    if raw.score is None or not gaps:
        ends = [(gap.lower, gap.upper) for gap in gaps.values()]
        bracket = _mean_bracket(ends) if len(gaps) == len(found) else None
        return Cell(None, raw.word or "refused", raw.missing, certified, bracket)
    return Cell(_interval(gaps), "", raw.missing, certified)


def _from_truth(outcome: Outcome, truth: float, stderr: float | None) -> Difference | None:
    """Return the regret as a difference: the truth is a method without error."""
    if not outcome.has_number:
        return None
    exact = Outcome(outcome.state, truth, truth, truth)
    gap = difference(exact, outcome)
    # Rows and log Z are both in the regret's own error already.
    return Difference(gap.value, gap.lower, gap.upper, stderr, 0, gap.certified)


def _interval(gaps: Mapping[int, Difference]) -> Interval:
    """Return Student's interval over seeds; of one seed that over its test rows, if known."""
    found = mean_interval([gap.value for gap in gaps.values()])
    (first, *others) = gaps.values()
    if others or first.stderr is None:
        return found
    return Interval(found.mean, float(stats.norm.ppf(0.975)) * first.stderr, 1)


def _word(records: Sequence[Record], values: Mapping[int, float], metric: str) -> str:
    numbers = [r.metrics.get(metric) for r in records if r.status is Status.OK]
    infinite = sum(n is not None and not math.isfinite(n.value) for n in numbers)
    # A failure is the worst that can be said, so it is said first.
    words = Counter(r.status.value.replace("_", " ") for r in records if r.status != Status.OK)
    words += Counter({"infinite": infinite})
    if not words:
        words = +Counter({"refused": sum(record.seed not in values for record in records)})
    if not words:
        return ""
    word, count = words.most_common(1)[0]
    return word if count == len(records) else f"{word} {count}/{len(records)}"


def _mean_bracket(
    ends: Sequence[tuple[float | None, float | None]],
) -> tuple[float, float] | None:
    lows, highs = [low for low, _ in ends], [high for _, high in ends]
    lower, upper = ([e for e in each if e is not None] for each in (lows, highs))
    if not ends or len(lower) != len(ends) or len(upper) != len(ends):
        return None
    low, high = sum(lower) / len(ends), sum(upper) / len(ends)
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low > LEAST else None
