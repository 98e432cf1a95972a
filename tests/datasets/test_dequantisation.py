"""The noise that undoes rounding is as wide as one step of the grid: variance width²/12."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ebmbench.datasets import maf
from ebmbench.datasets.base import Sizes
from ebmbench.datasets.images import LAMBDA, image_dataset
from ebmbench.datasets.preprocess import Recipe, prepare

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
    order = np.random.default_rng(1).permutation(len(table))
    for part, rows in (("train", order[3800:]), ("test", order[:2000])):
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
