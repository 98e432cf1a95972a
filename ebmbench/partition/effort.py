"""How much work an estimate by annealing may do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ebmbench.partition.minima import STANDARD, Search

REPEATS = 10
"""Groups of chains whose spread gives the standard error."""
COSTLY = 256
"""Dimension above which an evaluation costs more, so that less is done."""
FEW = 60
"""Dimension up to which mixtures of full covariance and a search for minima from the start pay."""


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
    sweeps: int = 40
    """Of each of the two rounds of chains that find out where a model's mass is."""
    hessians: int = 25
    """Points of the mean Hessian."""
    leapfrog: int = 2
    """Steps per transition of an annealed chain."""

    def clipped(self, temperatures: float) -> float:
        """Return a number within the range; its least if it is not a number."""
        return min(max(self.least, temperatures), self.most)

    def affordable(self, dim: int) -> Effort:
        """Return the same, or less in more than :data:`COSTLY` dimensions.

        There five leapfrog steps leave a third of the variance of log-weights that two leave with
        the same temperatures.
        """
        if dim <= COSTLY:
            return self
        return replace(
            self,
            chains=max(REPEATS * 2, self.chains // 50 * 20),
            most=max(self.least, self.most // 2),
            search=Search(
                starts=max(8, self.search.starts // 8),
                descents=max(20, self.search.descents // 4),
                candidates=max(1, self.search.candidates // 6),
            ),
            leapfrog=5,
        )


EFFORTS = (
    Effort(chains=40, least=20, most=60, search=Search(48, 80, 4), sweeps=20, hessians=4),
    Effort(chains=200, least=40, most=1280, search=STANDARD),
    Effort(chains=600, least=100, most=5120, search=Search(256, 300, 24), sweeps=80),
)
"""For ``effort`` 0, 1 and 2: smoke, standard and full. The budget of one estimate is ``most``
temperatures times ``chains``, in four runs of that size at most and runs of half of it before."""
