"""Annealing from one law with more and more temperatures, until its runs agree."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import Annealed, anneal, anneal_back
from ebmbench.partition.base import effective_sample_size
from ebmbench.partition.checks import disagreements
from ebmbench.partition.effort import Effort
from ebmbench.partition.ends import Ends
from ebmbench.partition.initial import InitialLaw
from ebmbench.partition.minima import descend, distinct
from ebmbench.samplers.base import ChainState
from ebmbench.samplers.bridge import Bridge, Origin
from ebmbench.samplers.path import AnnealingPath
from ebmbench.samplers.pilot import pilot, transition
from ebmbench.samplers.resampling import systematic_resample

LOOSE = 1.5
"""The variance of the log-weights aims at the tolerance over this, within two bounds."""
LEAST_VARIANCE, MOST_VARIANCE = 0.2, 2.0
MOST_WIDE = 4.0
"""Temperatures of the second law in units of those of the first, at most."""
SETTLE = 20
"""Transitions of the resampled ends before reverse chains start there."""
REVERSED = 48
"""Chains of the alarm, at most."""
LOUD = 3.0
"""Standard deviations, and nats, above the highest reverse log-weight at which it rings."""


@dataclass(frozen=True)
class Annealing:
    """Two laws, their paths to the model, and the means to walk them."""

    energy: Energy
    initial: InitialLaw
    scale: float
    """How much wider the second law is."""
    path: AnnealingPath
    wide_path: AnnealingPath
    work: Effort
    tolerance: float
    generator: torch.Generator

    @classmethod
    def prepared(
        cls,
        energy: Energy,
        initial: InitialLaw,
        work: Effort,
        tolerance: float,
        generator: torch.Generator,
        *,
        path: AnnealingPath | None = None,
    ) -> Annealing:
        """Make the pilot runs; that of ``initial`` only where no ``path`` is given."""
        scale = wider(initial.dim)

        def learned(law: InitialLaw) -> AnnealingPath:
            return pilot(law.bridge_to(energy), generator, leapfrog=work.leapfrog)

        path = path or learned(initial)
        wide_path = learned(initial.widened(scale))
        return cls(energy, initial, scale, path, wide_path, work, tolerance, generator)

    @property
    def bridge(self) -> Bridge[Origin]:
        """Return the path of densities from the first law."""
        return self.initial.bridge_to(self.energy)

    def wide_count(self, count: int) -> int:
        """Return how many temperatures the second law needs where the first has ``count``."""
        ratio = float(self.wide_path.length[-1] / self.path.length[-1].clamp_min(1e-12))
        return math.ceil(self.work.clipped(count * min(ratio**2, MOST_WIDE)))

    def refined(self) -> tuple[Ends, int]:
        """Double the number of temperatures until the runs agree or it may not grow further."""
        count, half = self._enough()
        while True:
            ends = self._ends(count, half)
            apart = disagreements(ends.values, ends.headline()[1], self.tolerance, ends.size)
            if not apart or 2 * count > self.work.most:
                return ends, count
            count, half = 2 * count, ends.forward

    def suspects(self, known: Tensor, ends: Ends, count: int) -> tuple[Tensor, float]:
        """Return minima near chains that the path seems not to reach, and how much it fails to.

        Reverse chains from ``known``, ``(n, d)``, tell: a log-weight far above those from the
        ends of forward chains belongs to a place where forward chains do not come. (One far below
        only says that the chain had not settled.) How much mass is there is another question.

        Returns:
            Minima in ``x``, ``(k, d)``, and nats above the highest reverse log-weight.
        """
        order = torch.randperm(len(known), generator=self.generator)[:REVERSED]
        bridge = self.bridge
        state = bridge.evaluate(self.initial.to_z(known[order]))
        back = self._back(count // 2, state).log_z
        usual = ends.reverse.log_z
        excess = back - usual.max()
        loud = (excess > LOUD * (1 + float(usual.std()))).nonzero()[:, 0]
        at = state[loud.to(state.x.device)]
        radius = torch.ones(len(loud))
        found = distinct(descend(bridge.model, at.x, radius, self.work.search.descents))
        return self.initial.to_x(found), float(excess.max())

    def _enough(self) -> tuple[int, Annealed]:
        """Return a number of temperatures that is enough or all we may, and a run with half of it.

        The variance of the log-weights falls as one over that number; with perfect transitions it
        would be the squared length over it, which is where the search starts.
        """
        aim = min(max(LEAST_VARIANCE, self.tolerance / LOOSE), MOST_VARIANCE)
        length = float(self.path.length[-1])
        count = math.ceil(self.work.clipped(length**2 / aim) / 2)
        while True:
            half = self._forward(self.initial, self.path, count)
            needed = count * _variance(half.log_z) / aim
            if not needed > 2 * count or 4 * count > self.work.most:
                return 2 * count, half
            count = min(max(2 * count, math.ceil(needed / 2)), self.work.most // 2)

    def _ends(self, count: int, half: Annealed) -> Ends:
        """Make the full runs, all fresh: what decided their length does not enter them."""
        wide_law = self.initial.widened(self.scale)
        forward = self._forward(self.initial, self.path, count)
        wide = self._forward(wide_law, self.wide_path, self.wide_count(count))
        start = self._tempered(forward, wide, wide_law)
        return Ends(half, forward, wide, self._back(count, start))

    def _forward(self, law: InitialLaw, path: AnnealingPath, count: int) -> Annealed:
        return anneal(
            law.bridge_to(self.energy),
            path,
            count,
            self.work.chains,
            generator=self.generator,
            leapfrog=self.work.leapfrog,
        )

    def _back(self, count: int, state: ChainState) -> Annealed:
        return anneal_back(
            self.bridge,
            self.path,
            count,
            state,
            generator=self.generator,
            leapfrog=self.work.leapfrog,
        )

    def _tempered(self, forward: Annealed, wide: Annealed, wide_law: InitialLaw) -> ChainState:
        """Return nearly exact samples: ends of both forward runs, resampled, then moved.

        The wide law's chains take part: a mode which only they found counts.
        """
        n, bridge = forward.log_z.numel(), self.bridge
        there = self.initial.to_z(wide_law.to_x(wide.state.x))
        both = ChainState.joined([forward.state, bridge.evaluate(there)])
        index = systematic_resample(torch.cat([forward.log_z, wide.log_z]), n, self.generator)
        # systematic resampling sorts the indices; repeats must not be blocks of one ancestor
        index = index[torch.randperm(n, generator=self.generator)]
        state, step_size = both[index.to(both.x.device)], float(self.path.step_sizes[-1])
        for _ in range(SETTLE):
            state, _ = transition(
                bridge,
                state,
                1.0,
                step_size,
                generator=self.generator,
                leapfrog=self.work.leapfrog,
            )
        return state


def wider(dim: int) -> float:
    """Return how much wider the second law is.

    One and a half times up to 25 dimensions, then less, so that its distance from the first one,
    in thermodynamic length, grows no further.
    """
    return 1 + min(0.5, 2.5 / math.sqrt(dim))


def _variance(log_weights: Tensor) -> float:
    """Return the variance of log-weights, ``(n,)``, that matters for their mean.

    Chains left behind with next to no weight make the plain variance many times larger and harm
    nothing. So it is that of the normal law with the middle two thirds of the weights, or with
    their effective size, whichever is larger; not a number where a weight is none.
    """
    ends = torch.quantile(log_weights, torch.tensor([1 / 6, 5 / 6], dtype=torch.float64))
    middle = float(ends[1] - ends[0])
    size = effective_sample_size(log_weights) / log_weights.numel()
    # five sixths of a standard normal law lie below 0.967
    return max((middle / (2 * 0.967)) ** 2, -math.log(size))
