"""The operators that everything else calls; they count, and pick the fastest exact form."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench.calculus import reference
from ebmbench.calculus.counts import record
from ebmbench.energies.base import Energy


def value(energy: Energy, x: Tensor, create_graph: bool = False) -> Tensor:
    """Return the energies ``E(x)``, ``(n,)``, of points ``x``, ``(n, d)``."""
    record(energy=x.shape[0])
    with torch.set_grad_enabled(create_graph):
        result: Tensor = energy(x)
    return result


def score(energy: Energy, x: Tensor, create_graph: bool = False) -> Tensor:
    """Return the score ``∇_x log p(x)``, ``(n, d)``, of points ``x``, ``(n, d)``."""
    return value_and_score(energy, x, create_graph)[1]


def value_and_score(
    energy: Energy, x: Tensor, create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the energies ``(n,)`` and the scores ``(n, d)`` of points ``x``, ``(n, d)``."""
    record(score=x.shape[0])
    return reference.value_and_score(energy, x, create_graph)


def directional(
    energy: Energy, x: Tensor, v: Tensor, create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """Return first and second derivative of ``log p(x + t v)`` at ``t = 0``, each ``(n,)``.

    Arguments:
        energy: the model.
        x: points, ``(n, d)``.
        v: one direction per point, ``(n, d)``.
        create_graph: whether gradients must reach the parameters.
    """
    record(score=x.shape[0], hvp=x.shape[0])
    s, curvature = reference.score_and_directional(energy, x, v, create_graph)
    return (s * v).sum(-1), curvature


def score_and_directional(
    energy: Energy, x: Tensor, v: Tensor, create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the score ``(n, d)`` and ``v' (∇² log p) v``, ``(n,)``."""
    record(score=x.shape[0], hvp=x.shape[0])
    return reference.score_and_directional(energy, x, v, create_graph)


def score_and_laplacian(
    energy: Energy, x: Tensor, create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the score ``(n, d)`` and the exact Laplacian ``∇·s``, ``(n,)``, of ``log p``."""
    record(score=x.shape[0], hvp=x.shape[0] * x.shape[1])
    return reference.score_and_laplacian(energy, x, create_graph)


def hvp(energy: Energy, x: Tensor, v: Tensor) -> Tensor:
    """Return ``(∇² log p(x)) v``, ``(n, d)``."""
    record(score=x.shape[0], hvp=x.shape[0])
    return reference.hvp(energy, x, v)
