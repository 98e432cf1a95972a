"""Rows of one's own, as they come: tensors, arrays, tables in memory, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ebmbench.datasets.base import Dataset
from ebmbench.datasets.rows import FEWEST, refuse_bad_rows
from ebmbench.errors import EbmbenchError, first_line
from ebmbench.seeds import generator

if TYPE_CHECKING:
    import pandas as pd

Rows = Any
"""``(n, d)`` numbers: a tensor, an array, a DataFrame, or a list of lists."""
COARSEST = 1e-3
"""Share of a column's deviation by which single precision may move a row."""
HELD_OUT = 0.1
"""Share of rows to train on that the loss of validation rows is taken of."""


def dataset_of(test: Rows, train: Rows | None = None) -> Dataset:
    """Return rows to measure a model on, and those that it learned from.

    Arguments:
        test: ``(n, d)``.
        train: ``(m, d)``; ``None``: those of the test say where annealing may start.

    Raises:
        EbmbenchError: they are no rows that a model can be measured on.
    """
    scored, columns = read_rows(test, "test")
    learned, _ = (scored, columns) if train is None else read_rows(train, "train")
    if learned.shape[1] != scored.shape[1]:
        raise EbmbenchError(
            f"train rows have {learned.shape[1]} columns and test rows {scored.shape[1]}, "
            "allowed: as many"
        )
    dataset = Dataset(train=learned, validation=learned, test=scored, columns=columns)
    refuse_bad_rows(dataset, "the rows given")
    return dataset


def dataset_to_train(rows: Rows, seed: int) -> Dataset:
    """Return rows to train on, a tenth of which is held out for validation.

    Arguments:
        rows: ``(n, d)``.
        seed: of the choice.

    Raises:
        EbmbenchError: they are no rows that a model can be trained on.
    """
    whole, columns = read_rows(rows, "train")
    order = torch.randperm(len(whole), generator=generator("own rows", seed))
    held_out = whole[order[: max(FEWEST, round(HELD_OUT * len(whole)))]]
    learned = whole[order[len(held_out) :]]
    dataset = Dataset(train=learned, validation=held_out, test=held_out, columns=columns)
    refuse_bad_rows(dataset, "the rows given")
    return dataset


def read_rows(rows: Rows, who: str) -> tuple[Tensor, tuple[str, ...]]:
    """Return rows as float32 on the CPU, and the names of their columns where they have names.

    Arguments:
        rows: numbers of any type; half and integers are kept, float64 is rounded.
        who: whose rows they are, for the message.

    Raises:
        EbmbenchError: they are no table of real numbers, or single precision cannot hold them.
    """
    values, columns = _numbers(rows, who)
    if values.ndim != 2:
        one = "; rows of one column are `rows.reshape(-1, 1)`" if values.ndim == 1 else ""
        raise EbmbenchError(f"{who} rows have shape {values.shape}, allowed: (n, d){one}")
    if 0 in values.shape:
        raise EbmbenchError(f"{who} rows have shape {values.shape}, allowed: 1 or more of each")
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    finite = np.isfinite(values).all(1)
    exact = values[finite]
    if len(exact) > 1:
        moved = np.abs(single[finite].astype(np.float64) - exact).max(0)
        coarse = np.flatnonzero((moved > COARSEST * exact.std(0)) & (exact.std(0) > 0))
        if len(coarse):
            k = int(coarse[0])
            name = repr(columns[k]) if columns else str(k + 1)
            raise EbmbenchError(
                f"{who} rows have numbers near {exact[:, k].mean():.3g} in column {name} with a "
                f"deviation of {exact[:, k].std():.2g}, allowed: what single precision can tell "
                "apart; subtract the mean, and divide by the deviation"
            )
    return torch.from_numpy(single), columns


def _numbers(rows: Rows, who: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    if isinstance(rows, Tensor):
        if rows.is_complex():
            raise EbmbenchError(f"{who} rows are {rows.dtype}, allowed: real numbers")
        return rows.detach().cpu().double().numpy(), ()
    if hasattr(rows, "columns") and hasattr(rows, "dtypes"):
        return _of_frame(rows, who)
    try:
        array = np.asarray(rows)
    except Exception as error:
        raise EbmbenchError(
            f"{who} rows are a {type(rows).__name__} that is no table ({first_line(error)}), "
            "allowed: (n, d) numbers in a tensor, an array, a DataFrame or lists"
        ) from None
    if array.dtype.kind not in "biuf":
        raise EbmbenchError(
            f"{who} rows are a {type(rows).__name__} of {array.dtype}, allowed: (n, d) real "
            "numbers in a tensor, an array, a DataFrame or lists"
        )
    return array.astype(np.float64), ()


def _of_frame(frame: pd.DataFrame, who: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    columns = []
    for k, name in enumerate(map(str, frame.columns)):
        cells = frame.iloc[:, k]
        try:
            if getattr(cells.dtype, "kind", "O") not in "biuf":
                raise TypeError("no number")
            columns.append(cells.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            raise EbmbenchError(
                f"{who} rows hold {cells.dtype} in column {name!r}, allowed: real numbers; leave "
                "the column out"
            ) from None
    if not columns:
        return np.empty((len(frame), 0)), ()
    return np.stack(columns, 1), tuple(map(str, frame.columns))
