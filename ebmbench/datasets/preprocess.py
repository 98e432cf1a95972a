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
    test_fraction: float = 0.1
    validation_fraction: float = 0.1
    """Of the rows that are not test rows."""
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
    order = rng.permutation(len(table))
    n_test = round(recipe.test_fraction * len(table))
    n_validation = round(recipe.validation_fraction * (len(table) - n_test))
    if recipe.validation_cap is not None:
        n_validation = min(n_validation, recipe.validation_cap)
    test, validation, train = np.split(order, [n_test, n_test + n_validation])
    refuse_degenerate(table[train], columns, who)
    rows = table + rng.uniform(-1, 1, table.shape) * recipe.dequantise * median_gaps(table[train])
    mean, scale = fit_scale(rows[train], recipe.whiten)
    rows = (rows - mean) @ scale
    rows += recipe.noise * rng.standard_normal(rows.shape)
    return split_dataset(rows[train], rows[validation], rows[test], sizes)


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
