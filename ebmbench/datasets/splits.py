"""Rows of a known density for the three splits."""

from __future__ import annotations

from torch import Tensor

from ebmbench.datasets.base import Density, Sizes
from ebmbench.seeds import generator


def draw_splits(
    truth: Density, sizes: Sizes, *words: str | int, default: Sizes
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw independent training, validation and test rows, each ``(n, d)`` in float32.

    Arguments:
        truth: the density.
        sizes: rows of each split.
        words: what the streams of random numbers depend on, next to the name of the split.
        default: rows where ``sizes`` says nothing.
    """
    train, validation, test = (
        truth.sample(rows or usual or 0, generator(*words, split)).float()
        for split, rows, usual in (
            ("train", sizes.train, default.train),
            ("validation", sizes.validation, default.validation),
            ("test", sizes.test, default.test),
        )
    )
    return train, validation, test
