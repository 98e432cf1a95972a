"""Statistics over seeds and tasks against numbers found another way."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.stats import friedmanchisquare

from ebmbench.report.stats import best, hierarchy, intervals, letters, permutation, resolution
from ebmbench.report.stats.outcomes import FAILURE, LEAST, Outcome, State
from ebmbench.report.stats.profiles import performance_profile
from ebmbench.report.stats.ranking import rank_bounds, task_ranks, win_rates


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(2000):
        found = intervals.mean_interval(rng.normal(1.0, 2.0, 4).tolist())
        assert found.half_width is not None
        covered += abs(found.mean - 1.0) <= found.half_width
    assert covered / 2000 == pytest.approx(0.95, abs=0.015)


def test_the_bootstrap_over_tasks_and_seeds_covers_the_mean() -> None:
    rng = np.random.default_rng(2)
    covered, wide = 0, []
    for k in range(300):
        tasks = rng.normal(0.0, 1.0, (12, 1))
        values = (tasks + rng.normal(0.0, 0.5, (12, 3))).tolist()
        found = intervals.cluster_bootstrap(
            values, lambda x: x.mean(-1), np.random.default_rng(k), repeats=400
        )
        assert found is not None
        covered += found[0] <= 0.0 <= found[1]
        wide.append(found[1] - found[0])
    # A percentile bootstrap of twelve clusters covers a little less than it says.
    assert 0.88 <= covered / 300 <= 0.98
    truth = 2 * 1.96 * math.sqrt((1.0 + 0.25 / 3) / 12)
    assert np.mean(wide) == pytest.approx(truth, rel=0.12)


def test_the_bootstrap_bears_failures_and_says_nothing_of_one_run() -> None:
    rng = np.random.default_rng(0)
    found = intervals.cluster_bootstrap(
        [[0.1, 0.2], [math.inf, 0.3], [0.2, 0.1]], intervals.interquartile_mean, rng
    )
    assert found is not None
    assert 0.1 <= found[0] < 0.3
    assert found[1] == math.inf
    assert intervals.cluster_bootstrap([[1.0]], intervals.interquartile_mean, rng) is None


def test_the_permutation_test_is_that_of_all_orders() -> None:
    """Every order of every task, one after the other; ties and two seeds in one task."""
    tables = [np.array([1.0, 2.5, 2.5]), np.array([1.25, 1.75, 3.0]), np.array([2.0, 1.0, 3.0])]
    observed = abs(sum(ranks[0] - ranks[2] for ranks in tables))
    sums = [
        abs(sum(order[0] - order[2] for order in orders))
        for orders in itertools.product(*(itertools.permutations(ranks) for ranks in tables))
    ]
    expected = np.mean([s >= observed - 1e-9 for s in sums])
    found = permutation.pair_p_value([(ranks, 0, 2, 2) for ranks in tables])
    assert found == pytest.approx(float(expected))


def test_drawn_orders_agree_with_the_exact_ones() -> None:
    rng = np.random.default_rng(1)
    tables = [(rng.permutation(np.arange(1.0, 7.0)), 0, 5, 1) for _ in range(6)]
    exact = permutation.pair_p_value(tables)
    drawn = permutation._drawn_p_value(tables)
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact / permutation.DRAWS) + 1e-4)


def test_pairs_agree_with_the_normal_limit_of_many_tasks() -> None:
    """Over many tasks the rank difference tends to a normal of known variance (Nemenyi)."""
    rng = np.random.default_rng(3)
    k, n = 5, 200
    tables = [(rng.permutation(np.arange(1.0, k + 1)), 0, 1, 1) for _ in range(n)]
    gap = sum(ranks[0] - ranks[1] for ranks, *_ in tables) / n
    z = (abs(gap) - 1 / (2 * n)) / math.sqrt(k * (k + 1) / (6 * n))
    assert permutation.pair_p_value(tables) == pytest.approx(2 * scipy_stats.norm.sf(z), rel=0.03)


def test_two_methods_make_it_the_sign_test() -> None:
    ranks = [np.array([1.0, 2.0])] * 7 + [np.array([2.0, 1.0])] * 2
    found = permutation.pair_p_value([(each, 0, 1, 1) for each in ranks])
    assert found == pytest.approx(scipy_stats.binomtest(7, 9).pvalue)


def test_the_critical_difference_is_where_p_values_cross() -> None:
    methods, tasks = 6, 8
    gap = permutation.critical_difference(tasks, methods)
    assert gap is not None
    pairs = methods * (methods - 1) / 2
    order = np.arange(1.0, methods + 1)

    def p_value(total: int) -> float:
        """Of any ranks whose sums differ by so much."""
        steps = [total // tasks + (k < total % tasks) for k in range(tasks)]
        return permutation.pair_p_value([(order, 0, step, 1) for step in steps])

    assert pairs * p_value(round(gap * tasks)) <= 0.05 < pairs * p_value(round(gap * tasks) - 1)


def outcome(lower: float, upper: float | None = None) -> Outcome:
    upper = lower if upper is None else upper
    state = State.CERTIFIED if lower == upper else State.REFUSED
    return Outcome(state, lower, lower, upper)


def test_refused_is_not_last_and_failed_is() -> None:
    """By hand: ``b`` overlaps with ``a`` and ``c``; ``d`` has no bracket at all; ``e`` failed."""
    nothing = Outcome(State.REFUSED, math.nan, LEAST, math.inf)
    found = {
        "a": outcome(-1.0), "b": outcome(-2.0, -0.5), "c": outcome(-1.5), "d": nothing,
        "e": FAILURE,
    }  # fmt: skip
    ranks = task_ranks({0: found}, list(found), [0])
    assert ranks.low.tolist() == [1.0, 1.0, 2.0, 1.0, 5.0]
    assert ranks.high.tolist() == [3.0, 4.0, 4.0, 4.0, 5.0]
    assert ranks.middle.sum() == pytest.approx(15.0)
    rates = win_rates([ranks], {"t": {0: found}}, ["t"])
    assert rates[0].tolist() == pytest.approx([0.5, 0.5, 1.0, 0.5, 1.0])
    assert (rates + rates.T == pytest.approx(1.0)) is True


def test_ranks_of_points_are_the_usual_ones() -> None:
    values = np.random.default_rng(4).normal(size=9)
    low, high = rank_bounds(values.tolist(), values.tolist())
    assert (low == high).all()
    assert low.tolist() == scipy_stats.rankdata(-values).tolist()


def test_letters_join_exactly_the_pairs_that_are_not_told_apart() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        p = rng.random((7, 7))
        p = np.minimum(p, p.T)
        groups = letters.groups_of(p, level=0.3)
        marks = letters.letters_of(groups, 7)
        for i, j in itertools.combinations(range(7), 2):
            assert bool(set(marks[i]) & set(marks[j])) == (p[i, j] >= 0.3)
        assert not any(set(a) < set(b) for a in groups for b in groups)


def test_the_probability_of_the_best_is_even_among_equals_and_sure_in_the_limit() -> None:
    rng = np.random.default_rng(6)
    equal = [np.full((2, 4), 2.5)] * 6
    assert best.best_probabilities(equal, rng) == pytest.approx([0.25] * 4, abs=0.03)
    fixed = [np.array([[1.0, 2.0, 3.0]])] * 40
    assert best.best_probabilities(fixed, rng)[0] > 0.99
    # One task is little evidence: the prior weighs as much.
    assert best.best_probabilities(fixed[:1], rng)[0] < 0.9


def test_odds_are_those_of_a_posterior_drawn_from_the_prior() -> None:
    """The integral by weighing draws from the prior; two seeds of a task are one bivariate law."""
    values, known = [[0.8, 1.4], [2.0, 1.1], [0.1, 0.3]], [[0.05, 0.05], [0.1, 0.3], [0.0, 0.2]]
    found = hierarchy.odds(values, known)
    rng = np.random.default_rng(7)
    tau, sigma = np.abs(rng.standard_cauchy((2, 400_000)))
    inside = (tau > 0.01) & (tau < 30) & (sigma > 0.01) & (sigma < 30)
    tau, sigma = tau[inside], sigma[inside]
    mu = rng.normal(1.0, 3.0, len(tau))
    log_weight = -scipy_stats.norm.logpdf(mu, 1.0, 3.0)
    for (x, y), (v, w) in zip(values, known, strict=True):
        a, b, c = sigma**2 + v + tau**2, tau**2, sigma**2 + w + tau**2
        determinant = a * c - b * b
        squares = c * (x - mu) ** 2 - 2 * b * (x - mu) * (y - mu) + a * (y - mu) ** 2
        log_weight += -0.5 * np.log(determinant) - 0.5 * squares / determinant
    weight = np.exp(log_weight - log_weight.max())
    better = np.average(scipy_stats.norm.sf(hierarchy.EDGE, mu, tau), weights=weight)
    worse = np.average(scipy_stats.norm.cdf(-hierarchy.EDGE, mu, tau), weights=weight)
    assert found.better == pytest.approx(better, abs=0.01)
    assert found.worse == pytest.approx(worse, abs=0.01)
    assert found.better + found.equivalent + found.worse == pytest.approx(1.0)


def test_odds_in_the_limits() -> None:
    same = hierarchy.odds([[0.0, 0.0]] * 30, [[0.0, 0.0]] * 30)
    assert same.equivalent > 0.99
    far = hierarchy.odds([[6.0, 6.1]] * 30, [[0.0, 0.0]] * 30)
    assert far.better > 0.99
    one, other = (
        hierarchy.odds([[1.0], [2.0]], [[0.1], [0.0]]),
        hierarchy.odds([[-1.0], [-2.0]], [[0.1], [0.0]]),
    )
    assert (one.better, one.worse) == pytest.approx((other.worse, other.better))
    # A single task says little, however far apart.
    assert hierarchy.odds([[6.0]], [[0.0]]).better < 0.95
    # Known errors that swamp the differences leave things open.
    vague = hierarchy.odds([[2.0]] * 4, [[25.0]] * 4)
    assert max(vague.better, vague.worse) < 0.95


def test_the_scale_keeps_the_sign_and_the_edge() -> None:
    assert hierarchy.on_scale(0.01, 0.0, 0.01)[0] == pytest.approx(hierarchy.EDGE)
    value, variance = hierarchy.on_scale(0.001, 0.0001, 0.1)
    assert value == pytest.approx(0.01, rel=1e-4)
    assert variance == pytest.approx(0.001**2, rel=1e-3)


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_the_resolvable_gap_is_found_in_80_percent(seeds: int) -> None:
    gap = resolution.noncentrality(seeds - 1) / math.sqrt(seeds)
    draws = np.random.default_rng(seeds).normal(gap, 1.0, (20_000, seeds))
    found = scipy_stats.ttest_1samp(draws, 0.0, axis=1)
    assert np.mean((found.pvalue < 0.05) & (found.statistic > 0)) == pytest.approx(0.8, abs=0.01)


def test_seeds_needed_are_the_fewest_with_that_power() -> None:
    n = resolution.seeds_for(0.7, 1.0)
    assert n is not None
    assert 0.7 * math.sqrt(n) >= resolution.noncentrality(n - 1)
    assert 0.7 * math.sqrt(n - 1) < resolution.noncentrality(n - 2)
    assert resolution.seeds_for(1e-6, 1.0) is None


def test_stability_is_that_of_halves() -> None:
    rng = np.random.default_rng(8)
    noise = np.array([rng.permutation(6) + 1.0 for _ in range(14)])
    assert abs(resolution.stability(noise, rng) or 0.0) < 0.35
    assert resolution.stability(np.tile(np.arange(1.0, 7.0), (14, 1)), rng) == pytest.approx(1.0)
    # Two halves that disagree throughout.
    split = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    assert (resolution.stability(split, rng) or 0.0) < 0.0
    assert resolution.stability(noise[:3], rng) is None


def test_the_pair_test_separates_where_friedman_only_says_that_something_differs() -> None:
    """The figures of the issue: nine tasks, eleven objectives, one that loses throughout."""
    rng = np.random.default_rng(9)
    ranks = [np.append(rng.permutation(np.arange(1.0, 11.0)), 11.0) for _ in range(9)]
    assert friedmanchisquare(*np.array(ranks).T).pvalue < 0.05
    means = np.mean(ranks, axis=0)
    first = int(means.argmin())
    corrected = 55 * permutation.pair_p_value([(each, first, 10, 1) for each in ranks])
    assert corrected < 0.05
    # Signed ranks of nine tasks cannot get below 2 / 2⁹ before the correction.
    assert 55 * 2 / 2**9 > 0.05


def test_a_profile_by_hand() -> None:
    found = performance_profile(np.array([[1.0, 4.0], [3.0, math.inf]]), [1, 4])
    assert found.tolist() == [[1.0, 1.0], [0.0, 0.5]]
