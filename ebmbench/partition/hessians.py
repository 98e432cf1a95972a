"""Hessians of an energy in the coordinates of a law, and the covariances that they stand for."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.calculus import hvp
from ebmbench.energies.base import Energy
from ebmbench.partition.base import CHUNK
from ebmbench.partition.initial import InitialLaw

FLATTEST = 0.1
"""Least eigenvalue of a Hessian in coordinates where the model's deviations are about one."""


def mean_hessian(energy: Energy, coordinates: InitialLaw, z: Tensor) -> Tensor:
    """Return the mean Hessian of the energy in ``z``, ``(d, d)``, float64, over points ``(n, d)``.

    By Hessian-vector products with all unit vectors at each point.
    """
    d = coordinates.dim
    x, directions = coordinates.to_x(z), coordinates.factor.T.contiguous()
    total = torch.zeros(d, d, dtype=torch.float64)
    for point in x:
        for first in range(0, d, CHUNK):
            v = directions[first : first + CHUNK]
            product = hvp(energy, point.expand(len(v), d).contiguous(), v)
            total[first : first + len(v)] -= (product @ coordinates.factor).double().cpu()
    mean = total / len(x)
    return 0.5 * (mean + mean.T)


def inverse_hessian(hessian: Tensor, flattest: float = FLATTEST) -> Tensor:
    """Return the covariance that a Hessian stands for; flat and falling directions are cut off."""
    values, vectors = torch.linalg.eigh(hessian)
    covariance: Tensor = (vectors / values.clamp_min(flattest)) @ vectors.T
    return covariance
