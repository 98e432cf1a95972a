"""A way to draw from a model that the model itself, or the method that trained it, brings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

EXACT = "exact"
"""The word for independent draws that follow the model's density to rounding, and for no other."""


@dataclass(frozen=True)
class OwnSampler:
    """Draws of a model, and the word that records carry about them.

    A chain, a flow beside the energy or a learned generator is not exact, however good: bounds of
    ``log Z`` from both sides hold with exact draws only.
    """

    how: str
    """How points are drawn, in a few words; :data:`EXACT` only if they are."""
    draw: Callable[[int, torch.Generator], Tensor]
    """A number ``n`` and a source of randomness to points ``(n, d)``."""

    def mapped(self, change: Callable[[Tensor], Tensor]) -> OwnSampler:
        """Return the sampler whose points ``(n, d)`` are those of this one, changed."""
        return OwnSampler(self.how, lambda n, generator: change(self.draw(n, generator)))

    @property
    def exact(self) -> bool:
        """Whether the draws are exact."""
        return self.how == EXACT
