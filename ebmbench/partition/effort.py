"""How much work an estimate by annealing may do."""

from __future__ import annotations

from dataclasses import dataclass

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
    """A multiple of :data:`REPEATS`. Up to some hundred rows a transition costs what its calls
    cost, so that more chains are cheaper than more temperatures."""
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


EFFORTS = (
    Effort(chains=40, least=20, most=60, search=Search(48, 80, 4), sweeps=20, hessians=4),
    Effort(chains=400, least=24, most=640, search=STANDARD),
    Effort(chains=1200, least=60, most=2560, search=Search(256, 300, 24), sweeps=80),
)
"""For ``effort`` 0, 1 and 2: smoke, standard and full. The budget of one estimate is ``most``
temperatures times ``chains``, in four runs of that size at most and runs of half of it before."""
IN_MANY = (
    Effort(20, least=20, most=30, search=Search(8, 20, 1), sweeps=20, hessians=4, leapfrog=5),
    Effort(80, least=40, most=640, search=Search(8, 20, 1), leapfrog=5),
    Effort(240, least=100, most=2560, search=Search(32, 75, 4), sweeps=80, leapfrog=5),
)
"""The same above :data:`COSTLY` dimensions. There five leapfrog steps leave a third of the
variance of log-weights that two leave with the same temperatures."""


def effort_for(effort: int, dim: int) -> Effort:
    """Return how much work ``effort`` 0, 1 or 2 may do in ``dim`` dimensions."""
    return (EFFORTS if dim <= COSTLY else IN_MANY)[effort]
