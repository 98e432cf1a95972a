"""What a training has come to so far, beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from ebmbench.calculus import Counts
from ebmbench.records import CurvePoint


@dataclass
class Tally:
    """Counted and timed; changed by every step."""

    seconds: Tensor
    """Of each step, ``(steps,)``, float64."""
    loss: Tensor
    """Sum since the last point of the curve, a scalar on the device of training."""
    since: int = 0
    """Steps since then."""
    step: int = 0
    """The last one that was made."""
    curve: list[CurvePoint] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    curve_seconds: float = 0.0
    selection_seconds: float = 0.0

    @classmethod
    def start(cls, steps: int, device: torch.device) -> Tally:
        """Return that of a training of ``steps`` steps before the first."""
        return cls(torch.zeros(steps, dtype=torch.float64), torch.zeros((), device=device))

    def carried(self) -> dict[str, object]:
        """Return all of it in tensors, numbers, texts and tables."""
        return {
            **vars(self),
            "curve": [point.model_dump() for point in self.curve],
            "counts": asdict(self.counts),
        }

    @classmethod
    def of(cls, carried: Mapping[str, Any]) -> Tally:
        """Return what :meth:`carried` was taken from."""
        curve = [CurvePoint(**point) for point in carried["curve"]]
        return cls(**{**carried, "curve": curve, "counts": Counts(**carried["counts"])})
