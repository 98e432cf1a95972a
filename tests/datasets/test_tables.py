"""Tables and images: shapes, splits, scaling by training rows, and likelihood in raw units."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset, Sizes
from ebmbench.datasets.bundled import BundledLoader
from ebmbench.datasets.digits import DigitsLoader
from ebmbench.datasets.images import LAMBDA, logit_pixels
from ebmbench.datasets.mnist import read_idx
from ebmbench.datasets.preprocess import Recipe, prepare
from ebmbench.datasets.uci import TABLES, UCILoader
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data, make_loader

ALL = Sizes(None, None, None)
SHAPES = {
    "uci/wine": (178, 13),
    "uci/breast-cancer": (569, 30),
    "uci/wine-red": (1599, 11),
    "uci/wine-white": (4898, 11),
    "uci/parkinsons": (5875, 14),
    "uci/banknote": (1372, 4),
    "uci/magic": (19020, 10),
    "uci/casp": (45730, 8),
    "uci/ionosphere": (351, 32),
    "digits/8": (1797, 64),
    "mnist/28": (70000, 784),
}


def load(name: str, seed: int = 0) -> Dataset:
    return load_data(catalog.tasks()[name], seed, None)


@pytest.mark.parametrize("name", SHAPES)
def test_all_rows_go_into_one_of_three_splits(name: str) -> None:
    rows = load(name)
    total = sum(len(part) for part in (rows.train, rows.validation, rows.test))
    n, d = SHAPES[name]
    cap = n - 2000 if name in ("uci/wine-white", "uci/parkinsons") else n
    assert cap <= total <= n
    assert rows.dim == d
    assert all(p.dtype == torch.float32 for p in (rows.train, rows.validation, rows.test))
    assert all(torch.isfinite(p).all() for p in (rows.train, rows.validation, rows.test))


@pytest.mark.parametrize(
    "card", [c for c in catalog.tasks().values() if c.family == "uci"], ids=lambda c: c.name
)
def test_training_rows_are_standard_and_test_rows_nearly(card: TaskCard) -> None:
    rows = load(card.name)
    if "maf" not in card.tags:
        torch.testing.assert_close(rows.train.mean(0), torch.zeros(rows.dim), atol=0.05, rtol=0)
        torch.testing.assert_close(rows.train.std(0), torch.ones(rows.dim), atol=0.05, rtol=0)
    assert (rows.test.std(0) - 1).abs().median() < 0.5


@pytest.mark.parametrize("name", ["uci/wine", "uci/breast-cancer", "digits/8", "uci/banknote"])
def test_rows_depend_on_the_seed_alone(name: str) -> None:
    first, again, other = load(name, 0), load(name, 0), load(name, 1)
    assert torch.equal(first.train, again.train)
    assert torch.equal(first.test, again.test)
    assert not torch.equal(first.test, other.test)


@pytest.mark.parametrize("whiten", [False, True])
def test_nothing_is_learned_from_test_rows(whiten: bool) -> None:
    rng = np.random.default_rng(0)
    table = rng.standard_normal((500, 3)) @ rng.standard_normal((3, 3))
    recipe = Recipe(dequantise=0.0, whiten=whiten)
    clean = prepare(table, recipe, ALL, seed=5)
    order = np.random.default_rng(5).permutation(500)
    spoiled = table.copy()
    spoiled[order[:50]] += 1e3
    again = prepare(spoiled, recipe, ALL, seed=5)
    assert torch.equal(again.train, clean.train)
    assert torch.equal(again.validation, clean.validation)
    assert not torch.equal(again.test, clean.test)


def test_whitening_makes_training_rows_white() -> None:
    rng = np.random.default_rng(1)
    table = rng.standard_normal((400, 4)) @ rng.standard_normal((4, 4)) + 7
    rows = prepare(table, Recipe(dequantise=0.0, whiten=True), ALL, seed=0).train.double()
    torch.testing.assert_close(torch.cov(rows.T), torch.eye(4).double(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("whiten", [False, True])
def test_the_floor_is_a_share_of_the_covariance_in_any_coordinates(whiten: bool) -> None:
    rng = np.random.default_rng(3)
    table = rng.standard_normal((20_000, 3)) @ np.array([[3, 0, 0], [1, 2, 0], [5, -2, 0.01]])
    clean, noisy = (
        prepare(table, Recipe(dequantise=0.0, whiten=whiten, floor=floor), ALL, seed=5)
        for floor in (0.0, 0.1)
    )
    for split in ("train", "validation", "test"):
        rows, noise = (
            getattr(clean, split).double(),
            (getattr(noisy, split).double() - getattr(clean, split).double()),
        )
        # In the coordinates where the training rows are white, the noise is a hundredth of them.
        root = torch.linalg.inv(torch.linalg.cholesky(torch.cov(clean.train.double().T)))
        white = torch.cov((noise @ root.T).T)
        torch.testing.assert_close(white, 0.01 * torch.eye(3).double(), atol=1e-3, rtol=0)
        assert abs(float(torch.corrcoef(torch.cat([rows, noise], 1).T)[:3, 3:].max())) < 0.06


def test_no_two_rows_of_a_shipped_table_with_a_floor_coincide() -> None:
    """A nearest neighbour is as far as noise of 0.05 in every direction puts it."""
    rng = np.random.default_rng(4)
    table = np.repeat(rng.standard_normal((500, 6)), 4, axis=0)
    rows = prepare(table, Recipe(dequantise=0.0, floor=0.05), ALL, seed=0).train.double()
    distances = torch.cdist(rows, rows) + 9 * torch.eye(len(rows)).double()
    # The distance of two copies is 0.05 √2 times a chi variable of six degrees of freedom, in
    # standardised coordinates of independent columns; of three draws the least.
    expected = 0.05 * 2**0.5 * stats.chi(6).ppf(1 - 0.5 ** (1 / 3))
    assert float(distances.min(1).values.median()) == pytest.approx(expected, rel=0.05)


def test_dequantisation_undoes_rounding() -> None:
    """Half a step to each side of a rounded value leaves the distribution before rounding."""
    rng = np.random.default_rng(2)
    # A second column, or the copies of a value would all be in the same split.
    table = np.column_stack([np.round(rng.uniform(0, 10, 20000), 1), np.arange(20000)])
    rows = prepare(table, Recipe(), ALL, seed=0).train[:, 0].double().numpy()
    low, high = rows.min(), rows.max()
    assert stats.kstest(rows, "uniform", (low, high - low)).statistic < 0.02
    assert len(np.unique(table[:, 0])) == 101
    assert len(np.unique(rows)) > 16_000


def test_more_rows_than_there_are_is_an_error() -> None:
    with pytest.raises(EbmbenchError, match="test rows: the card asks for 1000, there are 36"):
        BundledLoader(name="wine").load(Sizes(None, None, 1000), 0, None)


def test_the_columns_that_remain_are_the_documented_ones() -> None:
    for name, table in TABLES.items():
        assert UCILoader(name=name).files() == (table.file,)
        assert len(set(table.drop)) == len(table.drop)


@pytest.mark.data
def test_parkinsons_has_no_pair_of_columns_above_the_threshold() -> None:
    """Those that correlate above 0.98 with an earlier one were dropped, and no other."""
    import pandas as pd

    from ebmbench.datasets.store import find

    frame = pd.read_csv(find(TABLES["parkinsons"].file))
    kept = [k for k in range(frame.shape[1]) if k not in TABLES["parkinsons"].drop]
    correlation = frame.iloc[:, kept].corr().abs().to_numpy() - np.eye(len(kept))
    assert correlation.max() <= 0.98
    dropped = [k for k in TABLES["parkinsons"].drop if k not in (0, 1, 2)]
    both = frame.corr().abs().to_numpy()
    assert all(both[k, :k].max() > 0.98 for k in dropped)


def test_logit_and_its_determinant_match_a_numerical_derivative() -> None:
    pixels = torch.tensor([[0, 3, 128, 255]], dtype=torch.uint8)
    noise = torch.tensor([[0.2, 0.5, 0.9, 0.99]], dtype=torch.float64)
    step = 1e-7
    _, log_det = logit_pixels(pixels, 256, noise)
    up, _ = logit_pixels(pixels, 256, noise + step)
    down, _ = logit_pixels(pixels, 256, noise - step)
    slopes = ((up - down) / (2 * step)).log().sum()
    torch.testing.assert_close(log_det[0], slopes, rtol=1e-6, atol=0)


@pytest.mark.parametrize("levels", [17, 256])
def test_the_uniform_density_on_pixels_costs_log2_of_the_levels(levels: int) -> None:
    """In raw pixels it has density ``levels^-d``; carried through the logit and back it still
    needs ``log2(levels)`` bits per dimension."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(levels, (20, 30), generator=generator)
    noise = torch.rand(20, 30, generator=generator, dtype=torch.float64)
    x, log_det = logit_pixels(pixels, levels, noise)
    # Logistic density of x, corrected for the λ that keeps v away from 0 and 1.
    log_p = (torch.nn.functional.logsigmoid(x) + torch.nn.functional.logsigmoid(-x)).sum(-1)
    log_p = log_p - x.shape[1] * math.log(1 - 2 * LAMBDA)
    bits = -(log_p + log_det) / (x.shape[1] * math.log(2))
    torch.testing.assert_close(bits, torch.full_like(bits, math.log2(levels)))


def test_digits_come_with_the_determinant_of_their_test_rows() -> None:
    rows = DigitsLoader().load(Sizes(100, 50, 70), 0, None)
    assert (len(rows.train), len(rows.validation), len(rows.test)) == (100, 50, 70)
    assert rows.test_log_det is not None
    assert rows.test_log_det.shape == (70,)
    whole = DigitsLoader().load(ALL, 0, None)
    assert torch.equal(whole.test[:70], rows.test)


def idx(content: bytes, magic: int = 0x803, n: int = 2, path: Path | None = None) -> Path:
    assert path is not None
    with gzip.open(path, "wb") as stream:
        stream.write(struct.pack(">4I", magic, n, 2, 3) + content)
    return path


def test_idx_images_are_read_row_by_row(tmp_path: Path) -> None:
    path = idx(bytes(range(12)), path=tmp_path / "a.gz")
    np.testing.assert_array_equal(read_idx(path), np.arange(12).reshape(2, 6))


@pytest.mark.parametrize(("content", "magic"), [(bytes(11), 0x803), (bytes(12), 0x801)])
def test_a_file_that_is_not_images_is_refused(content: bytes, magic: int, tmp_path: Path) -> None:
    path = idx(content, magic, path=tmp_path / "a.gz")
    with pytest.raises(EbmbenchError, match="is not an IDX file of images"):
        read_idx(path)


def test_every_task_has_a_loader_that_names_its_files() -> None:
    for card in catalog.tasks().values():
        files = make_loader(card).files()
        offline = card.licence == "synthetic" or "bundled" in card.tags
        assert bool(files) != offline
