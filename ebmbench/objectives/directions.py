"""Random directions ``v`` with ``E v v' = I``, which slicing needs."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Law = Literal["rademacher", "gaussian", "sphere"]


def draw_directions(x: Tensor, law: Law, generator: torch.Generator) -> Tensor:
    """Return one direction for every row of ``x``, ``(n, d)``, with identity covariance.

    Arguments:
        x: sets the shape, dtype and device.
        law: independent signs, standard normal, or uniform on the sphere of radius ``√d``.
        generator: the source of randomness.
    """
    v = torch.empty_like(x).normal_(generator=generator)
    if law == "rademacher":
        return torch.where(v > 0, 1.0, -1.0).to(x.dtype)
    if law == "sphere":
        v *= math.sqrt(x.shape[1]) / torch.linalg.vector_norm(v, dim=1, keepdim=True)
    return v
