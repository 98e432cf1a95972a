"""Random directions ``v`` with ``E v v' = I``, which slicing needs."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from ebmbench.objectives.base import Objective, State, StepCost
from ebmbench.options import options

Directions = Literal["rademacher", "gaussian", "sphere"]


def draw_directions(x: Tensor, kind: Directions, generator: torch.Generator) -> Tensor:
    """Return one direction for every row of ``x``, ``(n, d)``, with identity covariance.

    Arguments:
        x: sets the shape, dtype and device.
        kind: independent signs, standard normal, or uniform on the sphere of radius ``√d``.
        generator: the source of randomness.
    """
    v = torch.empty_like(x).normal_(generator=generator)
    if kind == "rademacher":
        return torch.where(v > 0, 1.0, -1.0).to(x.dtype)
    if kind == "sphere":
        v *= math.sqrt(x.shape[1]) / torch.linalg.vector_norm(v, dim=1, keepdim=True)
    return v


@options
class Sliced(Objective[State]):
    """What objectives along random directions share."""

    directions: Directions = "rademacher"
    projections: Annotated[int, Field(gt=0)] = 1
    """Directions per example."""

    needs_smooth_energy: ClassVar[bool] = True
    needs_log_z: ClassVar[bool] = False
    validates: ClassVar[bool] = True

    def slices(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the rows, each as often as it has directions, and their directions."""
        x = batch.repeat(self.projections, 1)
        return x, draw_directions(x, self.directions, generator)

    def cost(self, dim: int) -> StepCost:
        """See :class:`~ebmbench.objectives.base.Objective`."""
        return StepCost(score=float(self.projections), hvp=float(self.projections))
