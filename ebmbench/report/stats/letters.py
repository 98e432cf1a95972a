"""Compact letter display: methods that share a letter are not told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05


def groups_of(p_values: NDArray[np.float64], level: float = LEVEL) -> list[list[int]]:
    """Return the largest sets of methods of which no two are told apart, best first.

    By insertion and absorption (Piepho, 2004, An algorithm for a letter-based representation of
    all-pairwise comparisons). Every method is in at least one set.

    Arguments:
        p_values: of all pairs, corrected, ``(methods, methods)``, in the order of the board.
        level: below which a pair is told apart.

    Example:
        >>> p = np.array([[1.0, 0.5, 0.01], [0.5, 1.0, 0.5], [0.01, 0.5, 1.0]])
        >>> groups_of(p)
        [[0, 1], [1, 2]]
    """
    columns = [set(range(len(p_values)))]
    apart = [(i, j) for i in range(len(p_values)) for j in range(i) if p_values[i, j] < level]
    for i, j in apart:
        split = []
        for column in columns:
            split += [column - {i}, column - {j}] if {i, j} <= column else [column]
        columns = [
            c for k, c in enumerate(split)
            if not any(c < other or (c == other and k > n) for n, other in enumerate(split))
        ]  # fmt: skip
    return sorted(map(sorted, columns))


def letters_of(groups: Sequence[Sequence[int]], methods: int) -> list[str]:
    """Return the letters of each method: ``a`` for the first set, and so on.

    Example:
        >>> letters_of([[0, 1], [1, 2]], 3)
        ['a', 'ab', 'b']
    """
    names = [chr(ord("a") + k) if k < 26 else f"[{k + 1}]" for k in range(len(groups))]
    return [
        "".join(name for name, group in zip(names, groups, strict=True) if method in group)
        for method in range(methods)
    ]
