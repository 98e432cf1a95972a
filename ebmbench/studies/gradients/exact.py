"""The exact gradient of the likelihood, by quadrature of the expectation under the model."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.partition.quadrature import quadrature_grid

CHUNK = 1 << 15
"""Grid points that are differentiated at a time."""


def exact_gradient(energy: Energy, rows: Tensor) -> tuple[Tensor, float]:
    """Return the gradient of the negative log-likelihood, ``(k,)``, and ``log Z``."""
    log_z, grid = quadrature_grid(energy)
    masses = grid.probabilities().flatten()
    points = grid.points()
    kept = masses > 1e-12
    data = _chunks(rows, torch.full((len(rows),), 1 / len(rows)))
    model = _chunks(points[kept].to(rows.dtype), -masses[kept].to(rows.dtype))
    parts = [_weighted_gradient(energy, x, w) for x, w in (*data, *model)]
    return torch.stack(parts).sum(0), log_z.log_z


def parameter_gradient(energy: Energy, loss: Tensor) -> Tensor:
    """Return the gradient as one vector, without what moves the energy by a constant."""
    parameters = _seen_parameters(energy)
    parts = torch.autograd.grad(loss, parameters, materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


def _seen_parameters(energy: Energy) -> list[Tensor]:
    chain = energy.chain()
    constant = None if chain is None or chain.head is None else chain.head[1]
    return [parameter for parameter in energy.parameters() if parameter is not constant]


def _weighted_gradient(energy: Energy, x: Tensor, w: Tensor) -> Tensor:
    return parameter_gradient(energy, (w * calculus.value(energy, x, create_graph=True)).sum())


def _chunks(x: Tensor, w: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(torch.split(x, CHUNK), torch.split(w, CHUNK), strict=True)
