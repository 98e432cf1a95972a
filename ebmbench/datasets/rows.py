"""The one place where rows are looked at before anything is trained on them.

A density has a finite optimum only where the rows fill their space: a constant column, a copy of
another one, or fewer rows than columns put them on a plane, on which the likelihood has no bound
and any number would pass every check of ``log Z``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ebmbench.datasets.base import Dataset
from ebmbench.errors import EbmbenchError

Array = NDArray[np.float64]

SPLITS = ("train", "validation", "test")
FEWEST = 2
"""Rows of a split: fewer have no standard error."""
UNEXPLAINED = 1e-8
"""Share of a column's variance that the others must leave unexplained. Noise that undoes rounding
leaves more, so that pixels which are all black but for it are columns like others."""
NAMED = 3
"""Columns that a message names, at most."""
SAMPLE = 8
"""Rows per column that are looked at first; all of them only where these are degenerate."""


def refuse_bad_rows(dataset: Dataset, who: str) -> None:
    """Check that every split holds rows that a model can take.

    Arguments:
        dataset: from a loader.
        who: whose rows they are, for the message.

    Raises:
        EbmbenchError: a split is too short, has another shape, is not float32 or holds a number
            that is not finite; or the training rows do not fill their space.
    """
    problem = next(iter(row_problems(dataset)), None)
    if problem is not None:
        raise EbmbenchError(f"{who}: {problem}")


def refuse_degenerate(train: Array, columns: Sequence[str], who: str) -> None:
    """Check training rows of a table as they stand, before noise is added.

    Arguments:
        train: ``(n, d)``.
        columns: names; empty: the columns have their numbers from 1.
        who: whose rows they are, for the message.

    Raises:
        EbmbenchError: a cell is not finite, or the rows do not fill their space.
    """
    if not np.isfinite(train).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(train))[0])
        name = _names(columns, train.shape[1])[column]
        raise EbmbenchError(
            f"{who}: a training row holds {train[row, column]} in column {name}, allowed: finite "
            "numbers"
        )
    problem = _degenerate(train, columns)
    if problem is not None:
        raise EbmbenchError(f"{who}: {problem}")


def row_problems(dataset: Dataset) -> list[str]:
    """Return a sentence per split that no model can take, or one on the training rows."""
    dim = dataset.train.shape[-1] if dataset.train.dim() else 0
    names = _names(dataset.columns, dim)
    problems = []
    for name in SPLITS:
        rows = getattr(dataset, name)
        if rows.dim() != 2 or rows.shape[1] != dim:
            problems.append(f"{name} rows have shape {tuple(rows.shape)}, allowed: (n, {dim})")
        elif len(rows) < FEWEST:
            problems.append(
                f"{name} rows are {len(rows)} in number, allowed: {FEWEST} or more; give more "
                "rows, or a larger share of them to this split"
            )
        elif rows.dtype != torch.float32:
            problems.append(f"{name} rows are {rows.dtype}, allowed: torch.float32")
        elif not bool(torch.isfinite(rows).all()):
            row, column = (~torch.isfinite(rows)).nonzero()[0].tolist()
            problems.append(
                f"{name} row {row + 1} has {float(rows[row, column])} in column {names[column]}, "
                "allowed: finite numbers"
            )
    if not problems:
        problem = _degenerate(dataset.train.numpy(), dataset.columns)
        problems += [] if problem is None else [problem]
    return problems


def _degenerate(train: NDArray[np.floating], columns: Sequence[str]) -> str | None:
    """Say why rows ``(n, d)`` do not fill their space, or ``None``."""
    n, dim = train.shape
    if n <= dim:
        return (
            f"there are {n} training rows of {dim} columns, allowed: more rows than columns; give "
            "more rows, or leave columns out"
        )
    few = train[: SAMPLE * dim + 100].astype(np.float64)
    if _fills_space(few):
        return None
    rows = train.astype(np.float64)
    names = _names(columns, dim)
    constant = np.flatnonzero(np.ptp(rows, axis=0) == 0)
    if len(constant):
        k = int(constant[0])
        return (
            f"column {names[k]} is {rows[0, k]:g} in all {n} training rows, allowed: columns that "
            "vary; leave it out"
        )
    return _collinear(rows, names)


def _fills_space(rows: Array) -> bool:
    # Rounding may leave a constant column a deviation above zero, but never a range.
    if not (np.ptp(rows, axis=0) > 0).all():
        return False
    z = (rows - rows.mean(0)) / rows.std(0)
    # The smallest eigenvalue is no larger than the share that any column leaves unexplained.
    smallest = np.linalg.eigvalsh(z.T @ z / len(rows))[0]
    return bool(smallest > UNEXPLAINED)


def _collinear(rows: Array, names: Sequence[str]) -> str | None:
    """Name the first column that those before it explain, and by which of them."""
    z = (rows - rows.mean(0)) / rows.std(0)
    pivots = np.diag(np.linalg.qr(z, mode="r")) ** 2 / len(z)
    explained = np.flatnonzero(pivots < UNEXPLAINED)
    if not len(explained):
        return None
    k = int(explained[0])
    weights = np.linalg.lstsq(z[:, :k], z[:, k], rcond=None)[0]
    by = [names[j] for j in np.argsort(-np.abs(weights)) if abs(weights[j]) > 1e-3]
    if len(by) == 1:
        return (
            f"column {names[k]} is a copy of column {by[0]}, up to scale and shift, allowed: "
            "columns that differ; leave one of them out"
        )
    more = f" and {len(by) - NAMED} more" if len(by) > NAMED else ""
    return (
        f"column {names[k]} follows from the columns {', '.join(by[:NAMED])}{more} by a linear "
        "equation, allowed: columns that do not; leave one of them out"
    )


def _names(columns: Sequence[str], dim: int) -> list[str]:
    return [repr(name) for name in columns] or [str(k) for k in range(1, dim + 1)]
