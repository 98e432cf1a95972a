"""Two equal methods among others that differ are told apart no more often than 5 %."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from ebmbench.report.stats import permutation
from ebmbench.report.stats.outcomes import Outcome, State
from ebmbench.report.stats.permutation import exchange_p_value, pair_p_value, rank_p_values

METHODS, TASKS = 11, 9


def now_first_now_last(rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Return the ranks on tasks where two equal methods are each ahead or behind, by the toss."""
    values = rng.normal(size=(TASKS, METHODS))
    values[:, :2] += 20 * rng.choice([-1.0, 1.0], size=(TASKS, 2))
    return [np.asarray(rankdata(row), dtype=np.float64) for row in values]


def test_the_exchange_of_names_keeps_the_level_that_the_permutation_alone_does_not() -> None:
    rng = np.random.default_rng(0)
    boards = [now_first_now_last(rng) for _ in range(400)]
    slack = 3 * math.sqrt(0.05 * 0.95 / len(boards))
    alone = [pair_p_value([(ranks, 0, 1, 1) for ranks in board]) for board in boards]
    exchanged = [exchange_p_value([float(r[0] - r[1]) for r in board]) for board in boards]
    assert np.mean(np.array(alone) < 0.05) > 0.05 + slack
    assert np.mean(np.array(exchanged) < 0.05) <= 0.05 + slack


@pytest.mark.parametrize(("tasks", "objects"), [(5, False), (6, True)])
def test_a_pair_must_pass_it_from_six_tasks_on(
    tasks: int, objects: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["a", "b", "c", "d"]
    board = {
        f"t{t}": {0: {n: Outcome(State.CERTIFIED, -k, -k, -k) for k, n in enumerate(names)}}
        for t in range(tasks)
    }
    told = rank_p_values(board, list(board), names)[0, 3]
    assert told < 0.05
    monkeypatch.setattr(permutation, "exchange_p_value", lambda differences: 0.9)
    assert rank_p_values(board, list(board), names)[0, 3] == (0.9 if objects else told)


def test_it_is_the_share_of_all_signs() -> None:
    differences = [1.5, -0.5, 2.0, 0.5, 1.0, -1.0, 3.0]
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in itertools.product([-1, 1], repeat=len(differences))
    ]
    expected = float(np.mean([abs(x) >= sum(differences) - 1e-9 for x in sums]))
    assert exchange_p_value(differences) == pytest.approx(expected)
    assert exchange_p_value([]) == 1.0
    assert exchange_p_value([0.0, 0.0]) == 1.0


def test_drawn_signs_agree_with_all_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = [0.3 * k for k in range(-3, 10)]
    exact = exchange_p_value(differences)
    monkeypatch.setattr(permutation, "LARGEST_ENUMERATED", 5)
    assert exchange_p_value(differences) == pytest.approx(exact, abs=0.005)
