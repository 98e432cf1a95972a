"""Successive halving (Jamieson & Talwalkar 2016): half the trials, twice the steps."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.stats import rankdata

from ebmbench.errors import EbmbenchError

RUNGS = 3
FIRST_SEED = 1000
"""Of tuning; published runs have the seeds from 0."""
MOST_BEHIND = 10.0
"""Nats that a cell counts at most, and a run without a number always: beyond it a setting is bad,
and how bad must not outweigh all other cells."""
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Rung:
    """One round of a search."""

    number: int
    """From 1."""
    trials: int
    """Settings of a method that are tried in it."""
    share: float
    """Of the budget's steps."""
    seeds: tuple[int, ...]


def rungs(trials: int, seeds: int) -> list[Rung]:
    """Return the rounds of a search; the last has the whole budget and all seeds.

    Arguments:
        trials: settings a method in the first round.
        seeds: of the last round.

    Raises:
        EbmbenchError: too few trials to halve, or no seed.
    """
    if trials < 2 ** (RUNGS - 1):
        raise EbmbenchError(f"--trials is {trials}, allowed: at least {2 ** (RUNGS - 1)}")
    if seeds < 1:
        raise EbmbenchError(f"--seeds is {seeds}, allowed: at least 1")
    found = []
    for number in range(1, RUNGS + 1):
        behind = RUNGS - number
        count = seeds if not behind else 1
        found.append(
            Rung(
                number,
                max(1, trials >> (number - 1)),
                0.5**behind,
                tuple(range(FIRST_SEED, FIRST_SEED + count)),
            )
        )
    return found


def mean_ranks(values: Mapping[K, Sequence[float]]) -> dict[K, float]:
    """Return the mean rank of each trial over cells, 1 the best; equal values share a rank.

    Arguments:
        values: by trial one value per cell (a task and a seed), higher is better; ``-inf`` where
            the trial gave none. All have the cells in one order.
    """
    table = np.array([list(each) for each in values.values()], dtype=float)
    ranks = np.stack([rankdata(-column, method="average") for column in table.T]).mean(0)
    return {key: float(rank) for key, rank in zip(values, ranks, strict=True)}


def ordered(values: Mapping[K, Sequence[float]]) -> list[K]:
    """Return trials from best to worst by :func:`mean_ranks`; of equals the earlier is first."""
    ranks = mean_ranks(values)
    return sorted(ranks, key=ranks.__getitem__)


def mean_behind(values: Mapping[K, Sequence[float]]) -> dict[K, float]:
    """Return of each trial the nats that it is behind the best trial of a cell, mean over cells.

    Ranks tell who goes on while the budget is short. They do not choose in the end: of two tasks,
    a setting that is first on one by half a nat and last on the other by five has the same ranks
    as its opposite.

    Arguments:
        values: as for :func:`mean_ranks`, log-likelihoods in nats. A cell counts at most
            :data:`MOST_BEHIND`.
    """
    table = np.array([list(each) for each in values.values()], dtype=float)
    with np.errstate(invalid="ignore"):
        # Where no trial has a number the difference is none either, and fmin takes the bound.
        behind = np.fmin(table.max(axis=0) - table, MOST_BEHIND)
    return {key: float(mean) for key, mean in zip(values, behind.mean(axis=1), strict=True)}


def least_behind(values: Mapping[K, Sequence[float]]) -> K:
    """Return the trial that is best by :func:`mean_behind`; of equals the earlier."""
    behind = mean_behind(values)
    return min(behind, key=behind.__getitem__)
