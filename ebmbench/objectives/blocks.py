"""Rows in blocks: a value of which some rows are replaced shares all others with the old one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

SIZE = 256
"""Rows of a block."""


@dataclass(frozen=True)
class Blocks:
    """``m`` rows of a replay buffer, of which a training step replaces a few.

    A state is a value, so the old rows must stay; a copy of all of them at every step would take
    more memory than the rest of the step has.
    """

    parts: tuple[Tensor, ...]
    """``(256, d)`` each, the last one perhaps shorter."""

    @classmethod
    def of(cls, rows: Tensor) -> Blocks:
        """Return rows ``(m, d)`` in blocks, each with memory of its own."""
        return cls(tuple(part.clone() for part in torch.split(rows, SIZE)))

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def rows(self) -> Tensor:
        """All rows, ``(m, d)``, as a copy."""
        return torch.cat(self.parts)

    def window(self, start: int, count: int) -> Tensor:
        """Return ``count`` neighbouring rows from ``start`` on; the first ones follow the last."""
        return torch.cat([self.parts[b][k : k + n] for b, k, n in self._spans(start, count)])

    def with_window(self, start: int, rows: Tensor) -> Blocks:
        """Return blocks in which rows ``(k, d)`` stand from ``start`` on, as :meth:`window`."""
        parts, done = list(self.parts), 0
        for b, k, n in self._spans(start, len(rows)):
            parts[b] = parts[b].clone()
            parts[b][k : k + n] = rows[done : done + n]
            done += n
        return Blocks(tuple(parts))

    def _spans(self, start: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Yield the block, the first row in it and how many rows, until ``count`` are reached."""
        block, place = divmod(start, SIZE)
        while count > 0:
            n = min(count, len(self.parts[block]) - place)
            yield block, place, n
            count -= n
            block, place = (block + 1) % len(self.parts), 0
