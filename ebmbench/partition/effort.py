"""How much work an estimate by annealing may do."""

from __future__ import annotations

from dataclasses import dataclass

from ebmbench.partition.minima import STANDARD, Search

REPEATS = 10
"""Groups of chains whose spread gives the standard error."""
COSTLY = 256
"""Dimension above which an evaluation costs more, so that less is done."""


@dataclass(frozen=True)
class Effort:
    """How much work one estimate may do."""

    chains: int
    """A multiple of :data:`REPEATS`."""
    least: int
    most: int
    """Range of the number of temperatures; within it the thermodynamic length decides."""
    search: Search
    """For minima."""

    def clipped(self, temperatures: float) -> float:
        """Return a number within the range; its least if it is not a number."""
        return min(max(self.least, temperatures), self.most)

    def affordable(self, dim: int) -> Effort:
        """Return the same, or less in more than :data:`COSTLY` dimensions."""
        if dim <= COSTLY:
            return self
        return Effort(
            chains=max(REPEATS * 2, self.chains // 50 * 20),
            least=self.least,
            most=max(self.least, self.most // 4),
            search=Search(
                starts=max(8, self.search.starts // 8),
                descents=max(20, self.search.descents // 4),
                candidates=max(1, self.search.candidates // 6),
            ),
        )


EFFORTS = (
    Effort(chains=40, least=20, most=60, search=Search(16, 30, 2)),
    Effort(chains=200, least=40, most=280, search=STANDARD),
    Effort(chains=600, least=400, most=4000, search=Search(256, 300, 24)),
)
"""For ``effort`` 0, 1 and 2: smoke, standard and full."""
