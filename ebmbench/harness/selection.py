"""Two sets of weights of one training: of the last step, and of the lowest own validation loss.

The choice looks at nothing but the objective's own loss on validation rows, which is what a user
of the objective has: not at test rows, and not at a likelihood. An objective whose loss cannot be
compared between steps (``validates`` is false) keeps the weights of the last step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.optim import FlatAdam

LEARNED = "learned."
"""Prefix of the names of parameters that the objective learned beside the energy."""


@dataclass(frozen=True)
class WeightSet:
    """The weights of one step, averaged where the optimiser averages."""

    step: int
    validation_loss: float | None
    """Of the objective, with the noise of every mark; ``None`` where it was not taken."""
    tensors: Mapping[str, Tensor]
    """A copy of the state of the energy, and under :data:`LEARNED` of what was learned beside."""

    @classmethod
    def of(
        cls,
        energy: Energy,
        learned: Mapping[str, Tensor],
        step: int,
        validation_loss: float | None,
    ) -> WeightSet:
        """Copy the weights that an energy has now."""
        tensors = dict(energy.state_dict()) | {LEARNED + name: t for name, t in learned.items()}
        copies = {name: t.detach().clone() for name, t in tensors.items()}
        return cls(step, validation_loss, copies)

    @property
    def energy(self) -> dict[str, Tensor]:
        """What ``load_state_dict`` of the energy takes."""
        return {k: t for k, t in self.tensors.items() if not k.startswith(LEARNED)}

    @property
    def learned(self) -> dict[str, Tensor]:
        """What was learned beside the energy, by name."""
        return {
            name.removeprefix(LEARNED): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(LEARNED)
        }

    @property
    def finite(self) -> bool:
        """Whether every number is."""
        return all(bool(torch.isfinite(t).all()) for t in self.tensors.values())


class LowestLoss:
    """Keeps a copy of the weights of the mark with the lowest validation loss.

    Arguments:
        adam: whose parameters are kept.
    """

    def __init__(self, adam: FlatAdam) -> None:
        self._adam = adam
        self._flat: Tensor | None = None
        self._loss = math.inf
        self._step = 0

    def see(self, step: int, loss: float) -> None:
        """Look at the weights in place; the first of equals is lowest, and none not finite."""
        if math.isfinite(loss) and loss < self._loss:
            self._flat = self._adam.flat.clone()
            self._loss, self._step = loss, step

    def carried(self) -> dict[str, object]:
        """Return what is kept, for a training that goes on later."""
        return {"flat": self._flat, "loss": self._loss, "step": self._step}

    def carry_on(self, carried: Mapping[str, Any]) -> None:
        """Go on from what :meth:`carried` gave."""
        self._flat, self._loss, self._step = (carried[key] for key in ("flat", "loss", "step"))

    def adopt(self) -> tuple[int, float] | None:
        """Put the best weights in place and return their step and loss; ``None``: no best."""
        if self._flat is None:
            return None
        self._adam.flat.copy_(self._flat)
        return self._step, self._loss
