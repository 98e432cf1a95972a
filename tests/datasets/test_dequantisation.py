"""The noise that undoes rounding is as wide as one step of the grid: variance width²/12."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ebmbench.datasets import bundled, maf, uci
from ebmbench.datasets.base import Dataset, Sizes
from ebmbench.datasets.digits import LEVELS, DigitsLoader
from ebmbench.datasets.images import LAMBDA, image_dataset
from ebmbench.datasets.preprocess import Recipe, median_gaps, prepare, split_distinct
from ebmbench.datasets.store import find
from ebmbench.datasets.uci import TABLES, UCILoader, read_table
from ebmbench.seeds import derive_seed

ALL = Sizes(None, None, None)
STEPS = np.array([0.1, 3.0])
"""Of the grids that the columns of the table are rounded to."""


@pytest.mark.parametrize("levels", [17, 256])
def test_a_pixel_is_spread_over_one_grey_level(levels: int) -> None:
    value = levels // 3
    parts = [np.full((n, 50), value, dtype=np.uint8) for n in (400, 100, 300)]
    rows = image_dataset(*parts, levels, shape=(5, 10), sizes=ALL, seed=0)
    for x in (rows.train, rows.validation, rows.test):
        v = x.double().sigmoid()
        noise = levels * (v - LAMBDA) / (1 - 2 * LAMBDA) - value
        assert float(noise.var()) == pytest.approx(1 / 12, rel=0.03)
        assert float(noise.mean()) == pytest.approx(0.5, abs=0.02)
        # x is kept in float32, so a grey value is known to a few parts in a million
        assert -1e-3 < float(noise.min()) < 0.01
        assert 0.99 < float(noise.max()) < 1 + 1e-3


@pytest.mark.parametrize("half_width", [0.5, 1.0])
def test_a_column_is_spread_by_the_recipes_share_of_its_own_step(half_width: float) -> None:
    rng = np.random.default_rng(0)
    table = rng.integers(0, 40, (20_000, 2)) * STEPS
    clean = prepare(table, Recipe(dequantise=0.0), ALL, seed=1)
    noisy = prepare(table, Recipe(dequantise=half_width), ALL, seed=1)
    test, _, train = split_distinct(table, 2000, 1800, np.random.default_rng(1))
    for part, rows in (("train", train), ("test", test)):
        x, y = (getattr(each, part).double() for each in (clean, noisy))
        assert len(x) == len(rows)
        x, y = x - x.mean(0), y - y.mean(0)
        # Both are standardised, each by its own deviation: regression on the clean rows tells the
        # ratio of the two, and what is left over is the noise.
        slope = (x * y).mean(0) / x.square().mean(0)
        left = (y - slope * x).square().mean(0) / slope.square() / x.square().mean(0)
        variance = left.numpy() * table[rows].var(0)
        expected = (2 * half_width * STEPS) ** 2 / 12
        np.testing.assert_allclose(variance, expected, rtol=0.06)


def test_the_meters_of_power_are_spread_over_their_resolution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "data.npy", np.zeros((20_000, 8)))
    monkeypatch.setattr(maf, "scale_jointly", lambda *splits: splits)
    rows = np.vstack(maf.power(tmp_path / "data.npy"))
    widths = np.array([1e-3, 1e-2, 1.0, 1.0, 1.0, 0.0])
    np.testing.assert_allclose(rows.var(0), widths**2 / 12, rtol=0.03)


def test_noise_is_uniform_and_not_only_as_wide() -> None:
    pixels = np.full((2000, 20), 3, dtype=np.uint8)
    x = image_dataset(
        pixels, pixels[:1], pixels[:1], 17, shape=(4, 5), sizes=ALL, seed=0
    ).train.double()
    noise = 17 * (x.sigmoid() - LAMBDA) / (1 - 2 * LAMBDA) - 3
    shares = torch.histc(noise.float(), bins=8, min=0, max=1) / noise.numel()
    torch.testing.assert_close(shares, torch.full((8,), 0.125), atol=0.01, rtol=0)


def spread(clean: torch.Tensor, noisy: torch.Tensor, raw: np.ndarray) -> np.ndarray:
    """Variance of the noise in units of the raw columns; both are standardised on their own."""
    x, y = (each.double() - each.double().mean(0) for each in (clean, noisy))
    slope = (x * y).mean(0) / x.square().mean(0)
    left = (y - slope * x).square().mean(0) / slope.square() / x.square().mean(0)
    return left.numpy() * raw.var(0)


def of_loader(
    table: np.ndarray, recipe: Recipe, seed: int, load: Callable[[Recipe], Dataset]
) -> np.ndarray:
    """Variance of a loader's noise over what the width of its recipe implies, a ratio a column."""
    plain = replace(recipe, whiten=False, noise=0.0)
    n_test = round(recipe.test_fraction * len(table))
    n_validation = round(recipe.validation_fraction * (len(table) - n_test))
    n_validation = min(n_validation, recipe.validation_cap or n_validation)
    train = split_distinct(table, n_test, n_validation, np.random.default_rng(seed))[2]
    clean, noisy = load(replace(plain, dequantise=0.0)).train, load(plain).train
    widths = 2 * recipe.dequantise * median_gaps(table[train])
    return spread(clean, noisy, table[train]) / (widths**2 / 12)


@pytest.mark.parametrize("name", list(bundled.RECIPES))
def test_bundled_tables_are_spread_over_their_gaps(
    name: bundled.BundledName, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(recipe: Recipe) -> Dataset:
        monkeypatch.setitem(bundled.RECIPES, name, recipe)
        return bundled.BundledLoader(name=name).load(ALL, 0, None)

    table = np.asarray(bundled.READERS[name]().data, dtype=np.float64)
    seed = derive_seed("bundled", name, 0)
    ratios = of_loader(table, bundled.RECIPES[name], seed, load)
    assert ratios.mean() == pytest.approx(1.0, abs=0.05)
    assert abs(ratios - 1).max() < 0.3


@pytest.mark.data
@pytest.mark.parametrize("name", list(TABLES))
def test_tables_of_the_repository_are_spread_over_their_gaps(
    name: uci.UCIName, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(recipe: Recipe) -> Dataset:
        monkeypatch.setitem(TABLES, name, replace(TABLES[name], recipe=recipe))
        return UCILoader(name=name).load(ALL, 0, None)

    chosen = TABLES[name]
    table = read_table(find(chosen.file), chosen)
    ratios = of_loader(table, chosen.recipe, derive_seed("uci", name, 0), load)
    # Of a column of few or heavy-tailed values the regression leaves more than the noise.
    assert float(np.median(ratios)) == pytest.approx(1.0, abs=0.05)


def test_digits_are_spread_over_one_grey_level() -> None:
    x = DigitsLoader().load(ALL, 0, None).train.double()
    levels = LEVELS * (x.sigmoid() - LAMBDA) / (1 - 2 * LAMBDA)
    noise = levels - (levels + 1e-4).floor()
    assert float(noise.var()) == pytest.approx(1 / 12, rel=0.01)
    assert float(noise.mean()) == pytest.approx(0.5, abs=0.005)
