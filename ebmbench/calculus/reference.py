r"""Derivatives by autograd: they serve any module, and the closed forms are tested against them.

Every function returns derivatives of :math:`\log p_\theta = -E_\theta - \log Z_\theta`, so that
the sign of the energy lives in this package and nowhere else. With ``create_graph`` the result
carries the graph that leads back to the parameters.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.energies.base import Energy


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
    """Return the score ``(n, d)`` and the Laplacian of log p, ``(n,)``, by ``d`` products."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        _, s = _log_density_gradient(energy, x, create_graph=True)
        laplacian = torch.zeros_like(s[:, 0])
        for i in range(x.shape[1]):
            last = i + 1 == x.shape[1]
            (row,) = torch.autograd.grad(
                s[:, i].sum(), x, create_graph=create_graph, retain_graph=create_graph or not last
            )
            laplacian = laplacian + row[:, i]
    return (s, laplacian) if create_graph else (s.detach(), laplacian.detach())


def hvp(energy: Energy, x: Tensor, v: Tensor) -> Tensor:
    """Return the Hessian of log p times ``v``, ``(n, d)``, without a graph."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        _, s = _log_density_gradient(energy, x, create_graph=True)
        (product,) = torch.autograd.grad((s * v).sum(), x)
    return product
