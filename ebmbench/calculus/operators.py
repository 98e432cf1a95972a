"""The operators that everything else calls; they count, and pick the fastest exact form.

An energy that is a chain of affine maps and elementwise nonlinearities is differentiated in closed
form, any other by autograd; both are exact and agree to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from ebmbench.calculus import closed_form, laplacian, reference
from ebmbench.calculus.counts import record
from ebmbench.energies.base import Energy


def path(energy: Energy) -> Literal["closed form", "autograd"]:
    """Return how the energy is differentiated, for the record."""
    return "autograd" if energy.chain() is None else "closed form"


def value(energy: Energy, x: Tensor, create_graph: bool = False) -> Tensor:
    """Return the energies ``E(x)``, ``(n,)``, of points ``x``, ``(n, d)``."""
    record(energy=x.shape[0])
    with torch.set_grad_enabled(create_graph):
        result: Tensor = energy(x)
    return result


def score(energy: Energy, x: Tensor, create_graph: bool = False) -> Tensor:
    """Return the score ``∇_x log p(x)``, ``(n, d)``, of points ``x``, ``(n, d)``."""
    record(score=x.shape[0])
    chain = energy.chain()
    if chain is None:
        return reference.value_and_score(energy, x, create_graph)[1]
    if create_graph:
        return closed_form.score(chain, x)
    return closed_form.value_and_score(chain, x)[1]


def value_and_score(energy: Energy, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the energies ``(n,)`` and scores ``(n, d)`` of ``x``, ``(n, d)``, without a graph."""
    return value_and_score_of(energy)(x)


def value_and_score_of(energy: Energy) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Return :func:`value_and_score` of one energy, for many calls on small batches.

    The energy is looked at once; values of its parameters may change between calls, the parameters
    themselves may not be replaced.
    """
    chain = energy.chain()

    def evaluate(x: Tensor) -> tuple[Tensor, Tensor]:
        record(score=x.shape[0])
        if chain is None:
            return reference.value_and_score(energy, x, create_graph=False)
        return closed_form.value_and_score(chain, x)

    return evaluate


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
    chain = energy.chain()
    if chain is None:
        s, curvature = reference.score_and_directional(energy, x, v, create_graph)
        return (s * v).sum(-1), curvature
    with torch.set_grad_enabled(create_graph):
        return closed_form.directional(chain, x, v)


def score_and_directional(
    energy: Energy, x: Tensor, v: Tensor, create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the score ``(n, d)`` and ``v' (∇² log p) v``, ``(n,)``."""
    record(score=x.shape[0], hvp=x.shape[0])
    chain = energy.chain()
    if chain is None:
        return reference.score_and_directional(energy, x, v, create_graph)
    with torch.set_grad_enabled(create_graph):
        return closed_form.score_and_directional(chain, x, v)


def score_and_laplacian(
    energy: Energy, x: Tensor, create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """Return the score ``(n, d)`` and the exact Laplacian ``∇·s``, ``(n,)``, of ``log p``."""
    record(score=x.shape[0], hvp=x.shape[0] * x.shape[1])
    chain = energy.chain()
    if chain is None:
        return reference.score_and_laplacian(energy, x, create_graph)
    return laplacian.score_and_laplacian(chain, x, create_graph)


def hvp(energy: Energy, x: Tensor, v: Tensor) -> Tensor:
    """Return ``(∇² log p(x)) v``, ``(n, d)``, without a graph, by autograd."""
    record(score=x.shape[0], hvp=x.shape[0])
    return reference.hvp(energy, x, v)
