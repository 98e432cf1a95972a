"""The one place where rows are looked at before anything is trained on them."""

from __future__ import annotations

import torch

from ebmbench.datasets.base import Dataset
from ebmbench.errors import EbmbenchError

SPLITS = ("train", "validation", "test")


def refuse_bad_rows(dataset: Dataset, who: str) -> None:
    """Check that every split holds rows that a model can take.

    Arguments:
        dataset: from a loader.
        who: whose rows they are, for the message.

    Raises:
        EbmbenchError: a split is empty, has another shape, is not float32, or holds a number that
            is not finite.
    """
    problem = next(iter(row_problems(dataset)), None)
    if problem is not None:
        raise EbmbenchError(f"{who}: {problem}")


def row_problems(dataset: Dataset) -> list[str]:
    """Return a sentence per split that no model can take."""
    dim = dataset.train.shape[-1] if dataset.train.dim() else 0
    problems = []
    for name in SPLITS:
        rows = getattr(dataset, name)
        if rows.dim() != 2 or rows.shape[1] != dim or not len(rows):
            problems.append(
                f"{name} rows have shape {tuple(rows.shape)}, allowed: (n, {dim}) with n above 0"
            )
        elif rows.dtype != torch.float32:
            problems.append(f"{name} rows are {rows.dtype}, allowed: torch.float32")
        elif not bool(torch.isfinite(rows).all()):
            row, column = (~torch.isfinite(rows)).nonzero()[0].tolist()
            problems.append(
                f"{name} row {row} has {float(rows[row, column])} in column {column}, allowed: "
                "finite numbers"
            )
    return problems
