"""Rounds, ranks and the best of n trials, against what counting gives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.tuning.halving import mean_ranks, ordered, rungs
from ebmbench.tuning.luck import best_after


def test_rounds_halve_the_trials_and_double_the_steps() -> None:
    found = [(rung.trials, rung.share, rung.seeds) for rung in rungs(16, 3)]
    assert found == [(16, 0.25, (1000,)), (8, 0.5, (1000,)), (4, 1.0, (1000, 1001, 1002))]


def test_too_few_trials_are_refused() -> None:
    with pytest.raises(EbmbenchError, match="--trials is 3, allowed: at least 4"):
        rungs(3, 1)


def test_ranks_are_means_over_cells_and_failures_come_last() -> None:
    values = {0: [1.0, -5.0, 2.0], 1: [1.0, -4.0, -math.inf], 2: [0.5, -math.inf, -math.inf]}
    assert mean_ranks(values) == pytest.approx({0: (1.5 + 2 + 1) / 3, 1: (1.5 + 1 + 2.5) / 3,
                                                2: (3 + 3 + 2.5) / 3})  # fmt: skip
    assert ordered(values) == [0, 1, 2]


def test_of_equal_trials_the_card_as_it_stands_is_first() -> None:
    assert ordered({0: [1.0, 2.0], 7: [2.0, 1.0]}) == [0, 7]


@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.75])
def test_the_best_of_n_is_what_all_orders_give(quantile: float) -> None:
    values = [-3.0, -math.inf, -0.5, -2.0, -0.7]
    orders = np.array(list(itertools.permutations(values)))
    best = np.maximum.accumulate(orders, axis=1)
    counted = np.quantile(best, quantile, axis=0, method="inverted_cdf")
    assert best_after(values, quantile) == counted.tolist()
