r"""Derivatives by autograd: they serve any module, and the closed forms are tested against them.

Every function returns derivatives of :math:`\log p_\theta = -E_\theta - \log Z_\theta`, so that
the sign of the energy lives in this package and nowhere else. With ``create_graph`` the result
carries the graph that leads back to the parameters.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ebmbench.energies.base import Energy

COLUMNS = 16
"""Columns of the Hessian of which the exact trace holds the graph at a time."""


def _log_density_gradient(energy: Energy, x: Tensor, create_graph: bool) -> tuple[Tensor, Tensor]:
    value = energy(x)
    (gradient,) = torch.autograd.grad(value.sum(), x, create_graph=create_graph)
    return value, -gradient


def value_and_score(energy: Energy, x: Tensor, create_graph: bool) -> tuple[Tensor, Tensor]:
    """Return ``E(x)`` of shape ``(n,)`` and the score ``(n, d)``."""
    with torch.enable_grad():
        value, s = _log_density_gradient(energy, x.detach().requires_grad_(), create_graph)
    return (value, s) if create_graph else (value.detach(), s.detach())


def score_and_directional(
    energy: Energy, x: Tensor, v: Tensor, create_graph: bool
) -> tuple[Tensor, Tensor]:
    """Return the score ``(n, d)`` and the curvature ``v' H v`` of log p along ``v``, ``(n,)``."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        _, s = _log_density_gradient(energy, x, create_graph=True)
        (hv,) = torch.autograd.grad((s * v).sum(), x, create_graph=create_graph)
        curvature = (hv * v).sum(-1)
    return (s, curvature) if create_graph else (s.detach(), curvature.detach())


def score_and_laplacian(energy: Energy, x: Tensor, create_graph: bool) -> tuple[Tensor, Tensor]:
    """Return the score ``(n, d)`` and the Laplacian of log p, ``(n,)``, by ``d`` products.

    With ``create_graph`` no more than :data:`COLUMNS` products have a graph at a time.
    """
    if create_graph and x.shape[1] > COLUMNS:
        parameters = [p for p in energy.parameters() if p.requires_grad]
        s, laplacian = _Laplacian.apply(energy, x.detach(), *parameters)  # type: ignore[no-untyped-call]
        return s, laplacian
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        _, s = _log_density_gradient(energy, x, create_graph=True)
        laplacian = _trace(s, x, range(x.shape[1]), create_graph)
    return (s, laplacian) if create_graph else (s.detach(), laplacian.detach())


def _trace(s: Tensor, x: Tensor, columns: range, create_graph: bool) -> Tensor:
    """Return the sum of the given diagonal entries of the Jacobian of ``s``, ``(n,)``."""
    trace = torch.zeros_like(s[:, 0])
    for i in columns:
        (row,) = torch.autograd.grad(
            s[:, i].sum(), x, create_graph=create_graph, retain_graph=True
        )
        trace = trace + row[:, i]
    return trace


class _Laplacian(torch.autograd.Function):
    """Score and Laplacian; the backward pass builds the graph anew, a few columns at a time.

    Held whole it would be ``d`` times as large as that of one product: for a NICE energy of 784
    pixels and 128 rows more than 17 GB.
    """

    @staticmethod
    def forward(ctx: Any, energy: Energy, x: Tensor, *parameters: Tensor) -> Any:
        ctx.energy = energy
        ctx.save_for_backward(x, *parameters)
        return score_and_laplacian(energy, x, create_graph=False)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, c_score: Tensor, c_laplacian: Tensor) -> Any:
        # Saved for autograd to see whether they change; differentiated are those of the energy,
        # which a hook on saved tensors does not replace.
        x, *_ = ctx.saved_tensors
        parameters = [p for p in ctx.energy.parameters() if p.requires_grad]
        total = [torch.zeros_like(p) for p in parameters]

        def add(output: Tensor, cotangent: Tensor) -> None:
            found = torch.autograd.grad(
                output, parameters, cotangent, retain_graph=True, allow_unused=True
            )
            for sum_, gradient in zip(total, found, strict=True):
                if gradient is not None:
                    sum_ += gradient

        with torch.enable_grad():
            x = x.detach().requires_grad_()
            _, s = _log_density_gradient(ctx.energy, x, create_graph=True)
            add(s, c_score)
            dim = x.shape[1]
            for first in range(0, dim, COLUMNS):
                columns = range(first, min(first + COLUMNS, dim))
                add(_trace(s, x, columns, create_graph=True), c_laplacian)
        return None, None, *total


def hvp(energy: Energy, x: Tensor, v: Tensor) -> Tensor:
    """Return the Hessian of log p times ``v``, ``(n, d)``, without a graph."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        _, s = _log_density_gradient(energy, x, create_graph=True)
        (product,) = torch.autograd.grad((s * v).sum(), x)
    return product
