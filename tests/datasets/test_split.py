"""Tables are split by distinct rows: no row of one split stands in another one."""

from __future__ import annotations

import numpy as np
import pytest

from ebmbench import catalog
from ebmbench.datasets.base import Sizes
from ebmbench.datasets.preprocess import Array, Recipe, prepare, split_distinct
from ebmbench.datasets.store import find
from ebmbench.datasets.uci import TABLES, read_table


def with_copies(rows: int, copies: int) -> Array:
    """Return a shuffled table in which a row in five stands ``copies`` times."""
    rng = np.random.default_rng(3)
    distinct = rng.standard_normal((rows, 3))
    table = np.concatenate([distinct, np.repeat(distinct[::5], copies - 1, axis=0)])
    rng.shuffle(table)
    return table


def test_copies_of_a_row_stay_together_and_every_row_is_used_once() -> None:
    table = with_copies(500, 4)
    parts = split_distinct(table, 80, 72, np.random.default_rng(0))
    assert sorted(np.concatenate(parts)) == list(range(len(table)))
    sets = [{row.tobytes() for row in table[part]} for part in parts]
    assert sum(map(len, sets)) == len(set.union(*sets)) == 500
    for part, wanted in zip(parts, (80, 72), strict=False):
        assert wanted <= len(part) < wanted + 4


def test_a_row_with_copies_is_no_likelier_for_test_than_one_without() -> None:
    table = with_copies(200, 4)
    _, groups, counts = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    copied = counts[groups.ravel()] > 1
    shares = []
    for seed in range(200):
        test, *_ = split_distinct(table, 32, 29, np.random.default_rng(seed))
        shares.append([np.mean(np.isin(np.flatnonzero(c), test)) for c in (copied, ~copied)])
    with_, without = np.array(shares).T
    error = np.hypot(with_.std(), without.std()) / np.sqrt(len(shares))
    assert abs(with_.mean() - without.mean()) < 4 * error


def test_without_copies_the_split_is_a_random_order_cut_in_three() -> None:
    table = np.random.default_rng(1).standard_normal((300, 2))
    order = np.random.default_rng(7).permutation(300)
    parts = split_distinct(table, 30, 27, np.random.default_rng(7))
    for part, rows in zip(parts, np.split(order, [30, 57]), strict=True):
        np.testing.assert_array_equal(part, rows)


def test_a_split_of_no_rows_is_empty_and_one_row_is_enough_for_one() -> None:
    table = with_copies(20, 3)
    test, validation, train = split_distinct(table, 0, 0, np.random.default_rng(0))
    assert (len(test), len(validation), len(train)) == (0, 0, len(table))
    test, validation, train = split_distinct(np.ones((5, 2)), 1, 0, np.random.default_rng(0))
    assert (len(test), len(validation), len(train)) == (5, 0, 0)


def test_after_preparing_no_row_is_in_two_splits() -> None:
    recipe = Recipe(dequantise=0.0)
    rows = prepare(with_copies(500, 4), recipe, Sizes(None, None, None), seed=5)
    sets = [{row.numpy().tobytes() for row in p} for p in (rows.train, rows.validation, rows.test)]
    assert sum(map(len, sets)) == len(set.union(*sets)) == 500


@pytest.mark.data
@pytest.mark.parametrize("name", list(TABLES))
def test_a_card_says_the_share_of_copies(name: str) -> None:
    table = TABLES[name]  # type: ignore[index]
    rows = read_table(find(table.file), table)
    share = 1 - len(np.unique(rows, axis=0)) / len(rows)
    words = f"Split by distinct rows ({share:.1%} are copies".replace("%", " %")
    told = catalog.tasks()[f"uci/{name}"].preprocessing
    assert words in told if share else "distinct" not in told
