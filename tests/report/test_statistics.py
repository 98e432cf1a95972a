"""Statistics over seeds and tasks against numbers found another way."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from scipy import stats as scipy_stats

from ebmbench.report.stats import intervals as stats
from ebmbench.report.stats import significance


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        found = stats.mean_interval(rng.normal(1.0, 2.0, 4).tolist())
        assert found.half_width is not None
        covered += abs(found.mean - 1.0) <= found.half_width
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


def test_pairing_removes_what_both_share() -> None:
    a = {0: 10.0, 1: 20.0, 2: -5.0}
    b = {seed: value + 1 for seed, value in a.items()}
    found = stats.paired_difference(a, b)
    assert (found.mean, found.half_width) == (1.0, 0.0)


def test_wilcoxon_is_the_share_of_sign_flips() -> None:
    """The exact p-value by going through all sign flips of the ranks."""
    differences = np.array([0.3, -0.1, 0.7, 1.1, 0.9, -0.2])
    ranks = scipy_stats.rankdata(abs(differences))
    observed = min(ranks[differences > 0].sum(), ranks[differences < 0].sum())
    flips = [
        sum(r for r, sign in zip(ranks, signs, strict=True) if sign)
        for signs in itertools.product((0, 1), repeat=len(ranks))
    ]
    p = min(1.0, 2 * np.mean([flip <= observed for flip in flips]))
    table = np.stack([differences, np.zeros(6)], axis=1)
    assert significance.paired_p_values(table)[0, 1] == pytest.approx(p)


def test_a_failure_on_every_task_is_told_apart() -> None:
    table = np.array([[float(k), math.inf] for k in range(8)])
    # All differences have one sign and one size, so the exact p-value is 2 / 2⁸ = 0.0078; with
    # ties the normal approximation stands in for it.
    assert significance.paired_p_values(table)[0, 1] < 0.0078
    ordered = np.array([[float(k), 2.0 * k + 1.0] for k in range(8)])
    assert significance.paired_p_values(ordered)[0, 1] == pytest.approx(2 / 2**8)


def test_friedman_tells_a_fixed_order_from_noise() -> None:
    fixed = np.tile([1.0, 2.0, 3.0], (10, 1)) + np.arange(10)[:, None]
    assert significance.friedman_p(fixed) < 1e-3
    assert significance.friedman_p(np.ones((10, 3))) == 1.0
    rng = np.random.default_rng(1)
    assert significance.friedman_p(rng.standard_normal((10, 3))) > 0.05


def test_bootstrap_interval_of_the_mean_is_near_the_normal_one() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(0.0, 1.0, (5, 40))
    low, high = stats.stratified_bootstrap(
        values.tolist(), lambda x: x.mean(-1), np.random.default_rng(3)
    )
    half = 1.96 / math.sqrt(values.size)
    assert high - low == pytest.approx(2 * half, rel=0.2)
    assert low < values.mean() < high


def test_probability_of_improvement_is_that_of_all_pairs() -> None:
    a, b = [[1.0, 5.0]], [[2.0, 2.0, 9.0]]
    assert significance.probability_of_improvement(a, b) == pytest.approx(4 / 6)


def test_wilcoxon_with_holm_is_that_of_scikit_posthocs() -> None:
    """A second implementation, which works on long tables of blocks and groups."""
    table = np.random.default_rng(5).normal(size=(12, 4)) + np.array([0.0, 0.3, 1.0, 2.0])
    long = pd.DataFrame(
        [(k, score) for row in table for k, score in enumerate(row)], columns=["group", "score"]
    )
    theirs = scikit_posthocs.posthoc_wilcoxon(
        long, val_col="score", group_col="group", p_adjust="holm"
    ).to_numpy()
    np.testing.assert_allclose(significance.paired_p_values(table), theirs, rtol=1e-9)


def test_a_board_by_hand() -> None:
    """Three tasks, three methods; every number on paper."""
    table = np.array([[1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [2.0, 1.0, math.inf]])
    wins = significance.win_rates(table)
    assert wins[0].tolist() == pytest.approx([0.5, 2 / 3, 1.0])
    assert wins[2].tolist() == pytest.approx([0.0, 1 / 3, 0.5])
    # Rank sums 4, 6, 8 (the failure is last): 12 / (3·3·4) · (16 + 36 + 64) − 3·3·4 = 8/3.
    assert significance.friedman_p(table) == pytest.approx(scipy_stats.chi2.sf(8 / 3, 2))
    profile = significance.performance_profile(np.array([[1.0, 4.0], [3.0, math.inf]]), [1, 4])
    assert profile.tolist() == [[1.0, 1.0], [0.0, 0.5]]


def test_medians_have_bootstrap_intervals_too() -> None:
    values = [[1.0, 2.0, 30.0], [4.0, 5.0, 6.0]]
    low, high = stats.stratified_bootstrap(
        values, lambda x: np.median(x, -1), np.random.default_rng(0)
    )
    # The median of six: between the middle of the tasks, whatever the outlier.
    assert 1.5 <= low < 4.5 <= high <= 18.0
