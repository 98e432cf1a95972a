"""Rounds, ranks and the best of n trials, against what counting gives."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from ebmbench.errors import EbmbenchError
from ebmbench.tuning.halving import (
    least_behind,
    mean_behind,
    mean_ranks,
    ordered,
    rungs,
)
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


def test_nats_behind_choose_where_ranks_are_tied() -> None:
    # Half a nat better on one task, five worse on the other: the same ranks.
    values = {0: [-1.0, -17.0], 1: [-1.5, -12.0], 2: [-math.inf, -20.0]}
    ranks = mean_ranks(values)
    assert ranks[0] == ranks[1]
    assert mean_behind(values) == pytest.approx({0: 2.5, 1: 0.25, 2: 9.0})
    assert least_behind(values) == 1


def test_a_cell_without_any_number_tells_nothing() -> None:
    none = -math.inf
    values = {0: [none, -2.0, -900.0], 1: [none, -3.0, -5.0]}
    assert mean_behind(values) == pytest.approx({0: 20 / 3, 1: 11 / 3})
    assert least_behind(values) == 1


@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.75])
def test_the_best_of_n_is_what_all_orders_give(quantile: float) -> None:
    values = [-3.0, -math.inf, -0.5, -2.0, -0.7]
    orders = np.array(list(itertools.permutations(values)))
    best = np.maximum.accumulate(orders, axis=1)
    counted = np.quantile(best, quantile, axis=0, method="inverted_cdf")
    assert best_after(values, quantile) == counted.tolist()
