"""Expectations by quadrature, and what the connections compute from them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.studies.connections.setting import noise_nodes


def mean(weights: Tensor, values: Tensor) -> Tensor:
    """Return ``Σ w f``."""
    return (weights * values).sum()


def hyvarinen(energy: Energy, x: Tensor, create_graph: bool = False) -> Tensor:
    """Return ``J(x) = ½|s|² + ∇·s``, ``(n,)``."""
    s, laplacian = calculus.score_and_laplacian(energy, x, create_graph)
    return 0.5 * (s * s).sum(-1) + laplacian


def fisher(data: Energy, energy: Energy, x: Tensor, w: Tensor) -> Tensor:
    """Return ``D_F`` by nodes ``x``, ``(n, d)``, and weights ``w``, ``(n,)``, of the data."""
    difference = calculus.score(data, x) - calculus.score(energy, x)
    return 0.5 * mean(w, (difference * difference).sum(-1))


def gradient(energy: Energy, value: Tensor) -> Tensor:
    """Return the gradient in all parameters as one vector."""
    # The last bias moves the energy by a constant, so the score does not depend on it.
    parts = torch.autograd.grad(value, list(energy.parameters()), materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


def noisy(x: Tensor, w: Tensor, scale: float, count: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    """Return ``x + scale z`` for every node pair, with ``z`` and the product weights."""
    z, wz = noise_nodes(x.shape[1], count)
    points = x[:, None, :] + scale * z
    directions = z.expand_as(points)
    return points.flatten(0, 1), directions.flatten(0, 1), (w[:, None] * wz).flatten()


def grid_nodes(dim: int, reach: float = 12.0, count: int = 161) -> tuple[Tensor, float]:
    """Return the points of an even grid, ``(count^dim, dim)``, and the volume of a cell.

    For a smooth function that has vanished at ``±reach`` the plain sum over an even grid converges
    faster than any power of the spacing.
    """
    axis = torch.linspace(-reach, reach, count, dtype=torch.float64)
    points = torch.cartesian_prod(*[axis] * dim).reshape(-1, dim)
    return points, float(axis[1] - axis[0]) ** dim


def log_partition(energy: Energy) -> Tensor:
    """Return ``log Z`` on the even grid, without a graph."""
    x, volume = grid_nodes(energy.dim)
    return torch.logsumexp(-calculus.value(energy, x), 0) + math.log(volume)


def likelihood_gradient(energy: Energy, x: Tensor, w: Tensor) -> Tensor:
    """Return the gradient of ``E_p[E] + log Z``, the negative log-likelihood."""
    grid, _ = grid_nodes(energy.dim)
    positive = mean(w, calculus.value(energy, x, create_graph=True))
    log_z = torch.logsumexp(-calculus.value(energy, grid, create_graph=True), 0)
    return gradient(energy, positive + log_z)
