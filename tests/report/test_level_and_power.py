"""Simulated boards: no procedure claims more than its level allows, and both find what is there.

Of a board made of random numbers the truth is known. `pytest -m statistical` prints power curves.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pytest

from ebmbench.report.stats import hierarchy
from ebmbench.report.stats.hierarchy import compare
from ebmbench.report.stats.outcomes import FAILURE, Outcome, Outcomes, State
from ebmbench.report.stats.permutation import rank_p_values


@dataclass(frozen=True)
class Plan:
    """How a board is made; nats on every task are of the order of one."""

    tasks: int = 9
    methods: int = 6
    seeds: int = 2
    effect: float = 0.0
    """Nats by which the first method is ahead of all others, which are alike."""
    heavy: bool = False
    """Student's t with one and a half degrees of freedom in place of a normal."""
    refused: float = 0.0
    """Share of numbers of which a bracket is all that is known, two standard deviations wide."""
    failed: float = 0.0
    missing: float = 0.0
    """Share of runs that were never made."""

    @property
    def names(self) -> list[str]:
        return [f"m{k}" for k in range(self.methods)]


def draw(plan: Plan, rng: np.random.Generator) -> Outcomes:
    """Return a board: a method's effect on a task, the noise of a seed, and the task's level."""

    def noise() -> float:
        return float(rng.standard_t(1.5) if plan.heavy else rng.normal())

    board: dict[str, dict[int, dict[str, Outcome]]] = {}
    for t in range(plan.tasks):
        level = 10 * float(rng.normal())
        of_task = [noise() + plan.effect * (k == 0) for k in range(plan.methods)]
        board[f"t{t}"] = {}
        for seed in range(plan.seeds):
            found = {}
            shared = float(rng.normal())
            for name, base in zip(plan.names, of_task, strict=True):
                value = level + shared + base + 0.5 * noise()
                if rng.random() < plan.missing:
                    continue
                found[name] = _outcome(value, plan, rng)
            board[f"t{t}"][seed] = found
    return board


def _outcome(value: float, plan: Plan, rng: np.random.Generator) -> Outcome:
    if rng.random() < plan.failed:
        return FAILURE
    if rng.random() < plan.refused:
        low = value - 2 * rng.random()
        return Outcome(State.REFUSED, low, low, low + 2)
    return Outcome(State.CERTIFIED, value, value, value)


def false_claims(plan: Plan, boards: int, seed: int, level: float = 0.05) -> float:
    """Return the share of boards on which the permutation test tells any pair apart."""
    rng = np.random.default_rng(seed)
    found = [rank_p_values(draw(plan, rng), tasks(plan), plan.names) for _ in range(boards)]
    return float(np.mean([(p < level).any() for p in found]))


def power(plan: Plan, boards: int, seed: int) -> float:
    """Return the share of boards on which the first method is told from the second."""
    rng = np.random.default_rng(seed)
    found = [rank_p_values(draw(plan, rng), tasks(plan), plan.names) for _ in range(boards)]
    return float(np.mean([p[0, 1] < 0.05 for p in found]))


def sure_claims(plan: Plan, boards: int, seed: int, sure: float = 0.95) -> float:
    """Return how often the hierarchical model is sure that the first method beats another."""
    rng = np.random.default_rng(seed)
    claims = []
    for _ in range(boards):
        board = draw(plan, rng)
        ropes = dict.fromkeys(tasks(plan), 0.1)
        odds = compare(board, {}, ropes, ("m0", "m1"), math.asinh(1e4))
        claims.append(odds is not None and max(odds.better, odds.worse) > sure)
    return float(np.mean(claims))


def tasks(plan: Plan) -> list[str]:
    return [f"t{t}" for t in range(plan.tasks)]


def tolerance(boards: int, level: float = 0.05) -> float:
    """Return three standard errors of a share at the level."""
    return 3 * math.sqrt(level * (1 - level) / boards)


EQUAL = {
    "normal": Plan(),
    "heavy tails": Plan(heavy=True),
    "refused cells": Plan(refused=0.3),
    "failures": Plan(failed=0.2, heavy=True),
    "missing cells": Plan(missing=0.2),
    "one seed": Plan(seeds=1),
    "few tasks": Plan(tasks=4, seeds=3),
}


@pytest.mark.parametrize("name", EQUAL)
def test_the_permutation_test_has_its_level_under_equality(name: str) -> None:
    boards = 100
    assert false_claims(EQUAL[name], boards, 1) <= 0.05 + tolerance(boards)


@pytest.mark.statistical
@pytest.mark.parametrize("name", EQUAL)
def test_the_permutation_test_has_its_level_over_many_boards(name: str) -> None:
    boards = 1500
    found = false_claims(EQUAL[name], boards, 2)
    assert found <= 0.05 + tolerance(boards)
    # Exact tests of discrete ranks may be below the level, yet not idle.
    assert found >= 0.005


def test_power_grows_to_one() -> None:
    curve = [power(Plan(effect=effect), 40, 3) for effect in (0.0, 1.0, 2.0, 4.0)]
    assert curve[0] <= 0.1
    assert curve[0] < curve[2] < curve[3]
    assert curve[3] >= 0.95


@pytest.mark.statistical
@pytest.mark.parametrize("heavy", [False, True])
def test_the_power_curve(heavy: bool, capsys: pytest.CaptureFixture[str]) -> None:
    effects = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0)
    curve = [power(Plan(effect=effect, heavy=heavy), 250, 4) for effect in effects]
    sure = [sure_claims(Plan(effect=effect, heavy=heavy), 500, 5) for effect in effects]
    with capsys.disabled():
        print(f"\n{'heavy tails' if heavy else 'normal'}: nine tasks, six methods, two seeds")
        for row in zip(effects, curve, sure, strict=True):
            print("effect {:.1f} sd: permutation {:.2f}, hierarchical {:.2f}".format(*row))
    assert all(b >= a - 0.05 for a, b in itertools.pairwise(curve))
    assert curve[0] <= 0.05
    # Of two methods that lead nobody else is told apart at once: Holm leaves a pair a fifteenth of
    # the level, and noise of heavy tails is as large as the lead now and then.
    assert curve[-1] >= (0.4 if heavy else 0.85)
    assert sure[-1] >= (0.35 if heavy else 0.9)


@pytest.mark.parametrize("name", EQUAL)
def test_the_hierarchical_model_is_seldom_sure_under_equality(name: str) -> None:
    boards = 150
    assert sure_claims(EQUAL[name], boards, 6) <= 0.05 + tolerance(boards)


def test_the_hierarchical_model_becomes_sure_of_a_large_effect() -> None:
    assert sure_claims(Plan(effect=6.0, tasks=12), 60, 7) >= 0.9


def calibration(boards: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the model said of a further task, and what came, for boards of its own kind."""
    rng = np.random.default_rng(seed)
    said, came = [], []
    while len(said) < boards:
        tau, sigma = np.abs(rng.standard_cauchy(2))
        if not (0.01 < tau < 30 and 0.01 < sigma < 30):
            continue
        mu = rng.uniform(-8, 8)
        deltas = mu + tau * rng.standard_normal(7)
        known = rng.uniform(0.0, 0.5, (6, 2))
        noise = np.sqrt(sigma**2 + known) * rng.standard_normal((6, 2))
        values = deltas[:6, None] + noise
        odds = hierarchy.odds(values.tolist(), known.tolist())
        said.append([odds.better, odds.equivalent, odds.worse])
        new = deltas[6]
        came.append([new > hierarchy.EDGE, abs(new) <= hierarchy.EDGE, new < -hierarchy.EDGE])
    return np.array(said), np.array(came, dtype=float)


def check_calibration(boards: int, seed: int) -> None:
    said, came = calibration(boards, seed)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.01)):
        within = (said >= low) & (said < high)
        count = int(within.sum())
        error = math.sqrt(0.25 / count)
        assert came[within].mean() == pytest.approx(said[within].mean(), abs=3.5 * error + 0.01)


def test_probabilities_come_true_as_often_as_they_say() -> None:
    check_calibration(400, 8)


@pytest.mark.statistical
def test_probabilities_come_true_over_many_boards() -> None:
    check_calibration(5000, 9)
