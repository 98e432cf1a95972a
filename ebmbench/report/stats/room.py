"""Whether a task has room for a difference between objectives above the fitted Gaussian."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from ebmbench.report.stats.outcomes import GAUSSIAN, Outcome, Outcomes, Truths
from ebmbench.report.stats.pairs import Difference, differences
from ebmbench.report.stats.rows import Moments

LEAST = 10.0
"""Errors of a difference that must lie between the Gaussian and the best: with fewer, places on
the task are decided by noise."""


@dataclass(frozen=True)
class Room:
    """What lies between the fitted Gaussian and the best that is known of a task."""

    gap: float
    """Nats, mean over seeds, each against its own Gaussian."""
    best: str
    """The method that is taken for the best; empty for the true density."""
    error: float
    """Standard error in nats of a difference: repeated median over the Gaussian, and the oracles
    and objectives above it; 0 where there are none."""

    @property
    def enough(self) -> bool:
        """Whether objectives are ranked on the task."""
        return self.gap > 0 and self.gap >= LEAST * self.error


def with_room(tasks: Iterable[str], rooms: Mapping[str, Room | None]) -> list[str]:
    """Return the tasks with room for a difference, or of which that is not known."""
    return [task for task in tasks if (room := rooms.get(task)) is None or room.enough]


def find_room(
    task: str,
    outcomes: Outcomes,
    truths: Truths,
    moments: Moments,
    *,
    oracles: Sequence[str],
    objectives: Sequence[str],
) -> Room | None:
    """Return the room of a task; ``None`` where the Gaussian or the error is not known.

    The best is the true density where its likelihood is known, else the best oracle, else the best
    of all methods.

    Arguments:
        task: its name.
        outcomes: the runs.
        truths: of the tasks that have one.
        moments: of rows, for the error where there is one seed.
        oracles: methods that know what the others do not, such as the partition function.
        objectives: methods that are ranked.
    """
    gains = _gains(outcomes[task])
    tops = _tops(gains, task, outcomes[task], truths, oracles=oracles)
    # An objective far below says nothing of the room, however much it differs between seeds.
    above = [m for m in (*oracles, *objectives) if gains.get(m, 0.0) > 0]
    errors = {
        pair: _error(differences(outcomes, moments, task, pair[0], b=pair[1]).values())
        for pair in itertools.combinations([GAUSSIAN, *above], 2)
    }
    typical = _repeated_median(errors)
    if not tops or (errors and typical is None):
        return None
    best = max(tops, key=tops.__getitem__)
    return Room(tops[best], best, typical or 0.0)


def _gains(of_seed: Mapping[int, Mapping[str, Outcome]]) -> dict[str, float]:
    """Return the mean gain on the Gaussian of the same seed, of methods with all numbers."""
    bases = _bases(of_seed)
    found: dict[str, float] = {}
    for method in sorted({name for seed in bases for name in of_seed[seed]}):
        values = [
            of_seed[seed][method].value - base
            for seed, base in bases.items()
            if method in of_seed[seed] and of_seed[seed][method].has_number
        ]
        if len(values) == len(bases):
            found[method] = float(np.mean(values))
    return found


def _bases(of_seed: Mapping[int, Mapping[str, Outcome]]) -> dict[int, float]:
    return {
        seed: found[GAUSSIAN].value
        for seed, found in of_seed.items()
        if GAUSSIAN in found and found[GAUSSIAN].has_number
    }


def _tops(
    gains: Mapping[str, float],
    task: str,
    of_seed: Mapping[int, Mapping[str, Outcome]],
    truths: Truths,
    *,
    oracles: Sequence[str],
) -> dict[str, float]:
    """Return the gains of those that may be taken for the best."""
    bases, truth = _bases(of_seed), truths.get(task, {})
    if bases and all(seed in truth for seed in bases):
        return {"": float(np.mean([truth[seed] - base for seed, base in bases.items()]))}
    known = {method: gains[method] for method in oracles if method in gains}
    return known or dict(gains)


def _repeated_median(errors: Mapping[tuple[str, str], float | None]) -> float | None:
    """Return the median over methods of the median error against the others (Siegel 1982).

    Nearly half of the methods may differ wildly between seeds and it stays that of the others;
    the median of all pairs does not outlast three in ten.
    """
    of_method: dict[str, list[float]] = defaultdict(list)
    for pair, error in errors.items():
        if error is not None:
            for method in pair:
                of_method[method].append(error)
    return median(map(median, of_method.values())) if of_method else None


def _error(gaps: Iterable[Difference]) -> float | None:
    """Return the standard error of a mean difference, with what its brackets leave open."""
    certified = [gap for gap in gaps if gap.certified]
    values = [gap.value for gap in certified]
    if len(values) > 1:
        spread = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    elif certified and certified[0].stderr is not None:
        spread = certified[0].stderr
    else:
        return None
    return math.hypot(spread, float(np.mean([gap.bracket_stderr for gap in certified])))
