"""From a table to rows for a model: split, dequantise, whiten; nothing learned from test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ebmbench.datasets.base import Dataset, Sizes
from ebmbench.datasets.rows import refuse_degenerate
from ebmbench.errors import EbmbenchError

Array = NDArray[np.float64]
Rows = NDArray[np.floating]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Recipe:
    """What is done to a table."""

    dequantise: float = 0.5
    """Half-width of the uniform noise in units of a column's median gap between values; 0.5 undoes
    rounding to a grid; Song et al. (2019) use 1."""
    whiten: bool = False
    """PCA-whiten; else standardise each column."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise added after that."""
    floor: float = 0.0
    """Standard deviation of Gaussian noise in white coordinates, so that its covariance is its
    square times that of the training rows, whatever the scale: it gives copies, near-copies and
    atoms a width, without which some objectives have no lower bound. In white coordinates it is
    the noise of Wenliang et al. (2019)."""
    test_fraction: float = 0.1
    validation_fraction: float = 0.1
    """Of the rows that are not test rows. Copies of a row stay together, so a split may come out
    larger than its share by less than the copies of one row."""
    validation_cap: int | None = None


def prepare(
    table: Array,
    recipe: Recipe,
    sizes: Sizes,
    seed: int,
    *,
    columns: Sequence[str] = (),
    who: str = "the table",
) -> Dataset:
    """Split, dequantise and scale a table; every statistic comes from training rows.

    The table is split by distinct rows: all copies of a row go to the same split, or a model that
    remembers its rows would be rewarded for it on test rows. A table of few distinct rows is no
    matter for a density: whole values of it are then missing from the training rows.

    Arguments:
        table: ``(n, d)``.
        recipe: what to do.
        sizes: how many rows of each split to keep.
        seed: of the split and of the noise.
        columns: their names, for messages; empty: their numbers from 1.
        who: whose rows they are, for messages.

    Raises:
        EbmbenchError: a split is asked to have more rows than there are, or the training rows are
            none on which a density is finite: before the noise, since that hides it.
    """
    rng = np.random.default_rng(seed)
    n_test = round(recipe.test_fraction * len(table))
    n_validation = round(recipe.validation_fraction * (len(table) - n_test))
    if recipe.validation_cap is not None:
        n_validation = min(n_validation, recipe.validation_cap)
    test, validation, train = split_distinct(table, n_test, n_validation, rng)
    refuse_degenerate(table[train], columns, who)
    rows = table + rng.uniform(-1, 1, table.shape) * recipe.dequantise * median_gaps(table[train])
    mean, scale = fit_scale(rows[train], recipe.whiten)
    rows = (rows - mean) @ scale
    rows += recipe.noise * rng.standard_normal(rows.shape)
    if recipe.floor:
        root = np.linalg.cholesky(np.atleast_2d(np.cov(rows[train].T))).T
        rows += recipe.floor * rng.standard_normal(rows.shape) @ root
    return split_dataset(rows[train], rows[validation], rows[test], sizes)


def split_distinct(
    table: Array, n_test: int, n_validation: int, rng: np.random.Generator
) -> tuple[Indices, Indices, Indices]:
    """Return which rows are for test, for validation and for training; copies stay together.

    Distinct rows are drawn at random, each with all its copies, until a split has the rows asked
    for. Without copies this is a random permutation cut in three.

    Arguments:
        table: ``(n, d)``.
        n_test: rows, at least.
        n_validation: rows, at least.
        rng: of the order.
    """
    _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    # Distinct rows are numbered by where they stand first, not by their values.
    number = np.empty(len(first), dtype=np.intp)
    number[np.argsort(first)] = np.arange(len(first))
    groups = number[inverse.ravel()]
    drawn = rng.permutation(len(first))
    place = np.empty_like(drawn)
    place[drawn] = np.arange(len(drawn))
    order = np.argsort(place[groups], kind="stable")
    ends = np.cumsum(np.bincount(groups, minlength=len(first))[drawn])
    test_end = _first_at_least(ends, n_test)
    validation_end = _first_at_least(ends, test_end + n_validation)
    test, validation, train = np.split(order, [test_end, validation_end])
    return test, validation, train


def _first_at_least(ends: Indices, wanted: int) -> int:
    """Return the first end of a group that is not before ``wanted``; no rows need no group."""
    if wanted == 0:
        return 0
    return int(ends[min(int(np.searchsorted(ends, wanted)), len(ends) - 1)])


def split_dataset(train: Rows, validation: Rows, test: Rows, sizes: Sizes) -> Dataset:
    """Return the first rows of each split as float32 tensors.

    Raises:
        EbmbenchError: a split is asked to have more rows than there are.
    """
    return Dataset(
        train=_first_rows("training", train, sizes.train),
        validation=_first_rows("validation", validation, sizes.validation),
        test=_first_rows("test", test, sizes.test),
    )


def _first_rows(split: str, rows: Rows, wanted: int | None) -> Tensor:
    if wanted is not None and wanted > len(rows):
        raise EbmbenchError(f"{split} rows: the card asks for {wanted}, there are {len(rows)}")
    return torch.from_numpy(np.ascontiguousarray(rows[:wanted], dtype=np.float32))


def median_gaps(rows: Array) -> Array:
    """Return the median distance between neighbouring distinct values of each column, ``(d,)``."""
    gaps = [np.diff(np.unique(column)) for column in rows.T]
    return np.array([np.median(gap) if len(gap) else 0.0 for gap in gaps])


def fit_scale(rows: Array, whiten: bool) -> tuple[Array, Array]:
    """Return the mean ``(d,)`` and the matrix ``(d, d)`` that make ``(x − mean) @ matrix`` white.

    Arguments:
        rows: training rows, ``(n, d)``.
        whiten: PCA-whitening; else a diagonal matrix of inverse standard deviations.
    """
    mean = rows.mean(0)
    if not whiten:
        return mean, np.diag(1 / rows.std(0))
    values, vectors = np.linalg.eigh(np.cov(rows.T))
    return mean, vectors / np.sqrt(values)
