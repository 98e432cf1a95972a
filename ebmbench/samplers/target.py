"""An energy as the target of a sampler."""

from __future__ import annotations

from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.samplers.base import LogDensityAndScore


def target_of(energy: Energy) -> LogDensityAndScore:
    """Return the function ``x → (log-density up to a constant, score)`` of an energy."""

    def target(x: Tensor) -> tuple[Tensor, Tensor]:
        value, score = calculus.value_and_score(energy, x)
        return -value, score

    return target
