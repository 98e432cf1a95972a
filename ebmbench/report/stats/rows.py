"""Moments of stored test-row log-densities, from which paired standard errors follow.

Two energies see the same test rows at a seed, so their difference is taken row by row: what the
rows have in common cancels. A published folder keeps the moments in place of the rows.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ebmbench.errors import EbmbenchError, first_line
from ebmbench.records import Record, beside

ROWS = "rows.json.gz"
"""Where a published folder keeps the moments."""
LONGEST = 1 << 28
"""Bytes that are unpacked of it; it may be a stranger's."""
DIGITS = 10
"""Significant digits of every moment. Loose and published folders give the same ``pairs.csv``
because both go through the rounded numbers."""


@dataclass(frozen=True)
class RowMoments:
    """Moments of ``-E(x)`` over the test rows of one task and seed, of several methods."""

    methods: tuple[str, ...]
    n: int
    """Number of rows."""
    means: tuple[float, ...]
    """Mean of ``-E(x)`` by method, in nats."""
    variances: tuple[tuple[float, ...], ...]
    """``(methods, methods)``: sample variance over rows of the difference of two methods, in
    squared nats. It is ``C_aa + C_bb - 2 C_ab`` of the covariance ``C``, but taken from the
    differences themselves, which loses no digits where two energies are nearly the same."""

    def stderr(self, a: str, b: str) -> float | None:
        """Return the standard error over rows of the mean difference; none without both rows."""
        if a not in self.methods or b not in self.methods:
            return None
        i, j = self.methods.index(a), self.methods.index(b)
        return math.sqrt(self.variances[i][j] / self.n)


Moments = Mapping[tuple[str, int], RowMoments]
"""By task and seed."""


def of_rows(rows: Mapping[str, NDArray[np.float64]]) -> RowMoments | None:
    """Return the moments of the log-densities of several methods at the same rows.

    Arguments:
        rows: by method, ``(n,)`` each; what is not finite, or of another length than most, is
            left out.

    Returns:
        ``None`` with fewer than two methods, or fewer than two rows.
    """
    kept = {m: r for m, r in sorted(rows.items()) if r.ndim == 1 and np.isfinite(r).all()}
    lengths = [len(r) for r in kept.values()]
    if not lengths:
        return None
    n = max(set(lengths), key=lambda length: (lengths.count(length), length))
    kept = {m: r for m, r in kept.items() if len(r) == n}
    if len(kept) < 2 or n < 2:
        return None
    table = np.stack(list(kept.values())).astype(np.float64)
    spread = [[_rounded(float(np.var(a - b, ddof=1))) for b in table] for a in table]
    means = tuple(_rounded(float(row.mean())) for row in table)
    return RowMoments(tuple(kept), n, means, tuple(map(tuple, spread)))


def moments(records: Sequence[Record], folder: Path) -> Moments:
    """Return the moments of a folder: from ``rows.json.gz``, else from the rows beside records.

    Arguments:
        records: of the folder.
        folder: published or not. Without any rows the result is empty.

    Raises:
        EbmbenchError: a file is there and cannot be read.
    """
    if (folder / ROWS).is_file():
        return from_bytes((folder / ROWS).read_bytes(), str(folder / ROWS))
    return measured(records, folder)


def measured(records: Sequence[Record], folder: Path) -> Moments:
    """Return the moments of the rows that the records of a folder name and that are there."""
    found: dict[tuple[str, int], dict[str, NDArray[np.float64]]] = defaultdict(dict)
    for record in records:
        path = beside(record, folder, record.rows)
        if path is not None:
            found[record.task, record.seed][record.method] = _load(path)
    result = {key: of_rows(found[key]) for key in sorted(found)}
    return {key: each for key, each in result.items() if each is not None}


def between(
    first: Sequence[Record], folder: Path, second: Sequence[Record], other: Path
) -> dict[tuple[str, str, int], float]:
    """Return the standard error over rows of what changed between two folders.

    By task, method and seed, without the errors of ``log Z``; where both store their rows, of the
    same test set.
    """
    after = {(r.task, r.method, r.seed): r for r in second}
    found = {}
    for old in first:
        key = (old.task, old.method, old.seed)
        new = after.get(key)
        if new is None or old.hashes.get("data") != new.hashes.get("data"):
            continue
        paths = beside(old, folder, old.rows), beside(new, other, new.rows)
        if paths[0] is not None and paths[1] is not None:
            both = of_rows({"a": _load(paths[0]), "b": _load(paths[1])})
            error = None if both is None else both.stderr("a", "b")
            if error is not None:
                found[key] = error
    return found


def to_bytes(found: Moments) -> bytes:
    """Return the content of ``rows.json.gz``; the same moments give the same bytes."""
    parts = [
        {
            "task": task,
            "seed": seed,
            "n": each.n,
            "methods": each.methods,
            "means": each.means,
            # The upper triangle, row by row: the matrix is symmetric and zero on its diagonal.
            "variances": [row[i + 1 :] for i, row in enumerate(each.variances)][:-1],
        }
        for (task, seed), each in sorted(found.items())
    ]
    text = json.dumps({"version": 1, "moments": parts}, separators=(",", ":"), allow_nan=False)
    return gzip.compress(text.encode(), mtime=0)


def from_bytes(content: bytes, name: str = ROWS) -> Moments:
    """Return the moments of the content of ``rows.json.gz``.

    Raises:
        EbmbenchError: it is not what :func:`to_bytes` writes.
    """
    try:
        with gzip.open(io.BytesIO(content)) as file:
            text = file.read(LONGEST + 1)
        if len(text) > LONGEST:
            raise ValueError(f"more than {LONGEST >> 20} MiB")
        parts = json.loads(text)
        if parts["version"] != 1:
            raise ValueError(f"version {parts['version']}, allowed: 1")
        return {(part["task"], int(part["seed"])): _part(part) for part in parts["moments"]}
    except (
        OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError, RecursionError,
        OverflowError,
    ) as error:  # fmt: skip
        raise EbmbenchError(
            f"{name!r} cannot be read as moments of rows: {first_line(error)}"
        ) from None


def _part(part: dict[str, Any]) -> RowMoments:
    methods, upper = tuple(map(str, part["methods"])), part["variances"]
    k = len(methods)
    table = np.zeros((k, k))
    for i in range(k - 1):
        row = np.asarray(upper[i], dtype=np.float64)
        if row.shape != (k - 1 - i,) or not (row >= 0).all():
            raise ValueError(f"the variances of {methods[i]} are not {k - 1 - i} numbers from 0")
        table[i, i + 1 :] = table[i + 1 :, i] = row
    if int(part["n"]) < 2 or len(part["means"]) != k:
        raise ValueError("fewer than two rows, or a mean too few")
    means = tuple(map(float, part["means"]))
    return RowMoments(methods, int(part["n"]), means, tuple(map(tuple, table.tolist())))


def _load(path: Path) -> NDArray[np.float64]:
    try:
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    except (OSError, ValueError, EOFError) as error:
        raise EbmbenchError(
            f"{str(path)!r} cannot be read as a NumPy array: {first_line(error)}"
        ) from None


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
