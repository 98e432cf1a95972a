"""Differences of two methods at one task and seed: the one way in which methods are compared."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ebmbench.report.stats.outcomes import LEAST, Outcome, Outcomes, State
from ebmbench.report.stats.rows import Moments, RowMoments

COLUMNS = (
    "task",
    "seed",
    "method_a",
    "method_b",
    "difference",
    "stderr",
    "rows",
    "lower",
    "upper",
    "certified",
)
"""Of ``pairs.csv``."""


@dataclass(frozen=True)
class Difference:
    """``log_likelihood(a) - log_likelihood(b)`` in nats at one seed, on the same test rows."""

    value: float
    """Of the two headlines."""
    lower: float
    """With ``a`` at the lower end of its bracket and ``b`` at the upper; ``-inf`` if open."""
    upper: float
    stderr: float | None
    """Over rows, paired, with the errors of ``log Z`` of both; ``None`` without stored rows."""
    rows: int
    """Rows compared; 0 without stored rows."""
    certified: bool
    """Whether both numbers are."""

    @property
    def bracket_stderr(self) -> float:
        """Standard deviation of a number that is anywhere in the bracket alike."""
        return (self.upper - self.lower) / math.sqrt(12)


def difference(a: Outcome, b: Outcome, stderr: float | None = None, rows: int = 0) -> Difference:
    """Return the difference of two runs of one task and seed that both have a number.

    Arguments:
        a: of one method.
        b: of the other.
        stderr: over the same rows, without ``log Z``.
        rows: their number.
    """
    both = None if stderr is None else math.hypot(stderr, a.log_z_stderr, b.log_z_stderr)
    return Difference(
        a.value - b.value,
        -math.inf if a.lower <= LEAST or math.isinf(b.upper) else a.lower - b.upper,
        math.inf if math.isinf(a.upper) or b.lower <= LEAST else a.upper - b.lower,
        both,
        rows,
        a.state is State.CERTIFIED and b.state is State.CERTIFIED,
    )


def pair_at(
    a: str, b: str, found: Mapping[str, Outcome] | None, moments: RowMoments | None
) -> Difference | None:
    """Return the difference of two methods at a seed; none where one has no number.

    Numbers on other rows are not compared: where both records have the hash of their rows, it
    must be the same.
    """
    found = found or {}
    one, other = found.get(a), found.get(b)
    if one is None or other is None or not (one.has_number and other.has_number):
        return None
    if one.data and other.data and one.data != other.data:
        return None
    stderr = None if moments is None else moments.stderr(a, b)
    rows = 0 if moments is None or stderr is None else moments.n
    return difference(one, other, stderr, rows)


def differences(
    outcomes: Outcomes, moments: Moments, task: str, a: str, *, b: str
) -> dict[int, Difference]:
    """Return the difference of two methods by seed, over the seeds at which both have a number."""
    found = {
        seed: pair_at(a, b, of_method, moments.get((task, seed)))
        for seed, of_method in sorted(outcomes[task].items())
    }
    return {seed: each for seed, each in found.items() if each is not None}


def all_pairs(
    outcomes: Outcomes, moments: Moments
) -> Iterator[tuple[str, int, str, str, Difference]]:
    """Yield task, seed, both methods and the difference of every pair that has one."""
    for task, of_seed in sorted(outcomes.items()):
        for seed, found in sorted(of_seed.items()):
            for a, b in itertools.combinations(sorted(found), 2):
                gap = pair_at(a, b, found, moments.get((task, seed)))
                if gap is not None:
                    yield task, seed, a, b, gap


def pairs_csv(outcomes: Outcomes, moments: Moments) -> str:
    """Return the content of ``pairs.csv``: a row per task, seed and two methods, ``a - b``."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for task, seed, a, b, gap in all_pairs(outcomes, moments):
        numbers = map(_number, (gap.value, gap.stderr))
        ends = map(_number, (gap.lower, gap.upper))
        writer.writerow([task, seed, a, b, *numbers, gap.rows, *ends, gap.certified])
    return text.getvalue()


def _number(value: float | None) -> str:
    """Ten significant digits: the last ones of a difference are noise of float64."""
    return "" if value is None or math.isinf(value) else f"{value:.10g}"
