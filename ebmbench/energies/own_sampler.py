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
    watched: Callable[[int, torch.Generator], tuple[Tensor, Tensor]] | None = None
    """The same draws and the mean acceptance at each noise level, ``(L,)``, of chains that go
    down the levels; ``None``: there are no such chains."""

    @classmethod
    def down_levels(
        cls, how: str, watched: Callable[[int, torch.Generator], tuple[Tensor, Tensor]]
    ) -> OwnSampler:
        """Return the sampler whose chains go down noise levels and say how each goes."""
        return cls(how, lambda n, generator: watched(n, generator)[0], watched)

    def mapped(self, change: Callable[[Tensor], Tensor]) -> OwnSampler:
        """Return the sampler whose points ``(n, d)`` are those of this one, changed."""
        watched = self.watched
        if watched is None:
            return OwnSampler(self.how, lambda n, generator: change(self.draw(n, generator)))

        def changed(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
            x, acceptance = watched(n, generator)
            return change(x), acceptance

        return OwnSampler.down_levels(self.how, changed)

    @property
    def exact(self) -> bool:
        """Whether the draws are exact."""
        return self.how == EXACT
