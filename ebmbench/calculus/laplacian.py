r"""The exact Laplacian together with the score, by forward propagation, in closed form.

With ``k`` directions :math:`r_k` such that :math:`\sum_k r_k r_k^\top` is the identity in ``x``,
the Jacobian columns and the Laplacian of a layer are

.. math:: J_a = W J_h, \quad J_{h'} = \varphi' J_a, \qquad
          L_a = W L_h, \quad L_{h'} = \varphi'' \sum_k J_{a,k}^2 + \varphi' L_a

Only :math:`W_1 \operatorname{diag}(1/\sigma^2) W_1^\top` enters behind the first layer. So where
the input is wider than that layer, its Cholesky factor stands in for the ``d`` columns, and the
score comes from an ordinary backward pass. Two layers on a wide input have a shorter way
(:mod:`ebmbench.calculus.gram`). Rows are taken in chunks of bounded memory. What the
backward pass needs is kept while it is small, else computed again there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ebmbench.calculus import closed_form, gram
from ebmbench.calculus.saved import restore, save
from ebmbench.energies.chain import Chain

CHUNK_NUMBERS = 1 << 19
"""Entries of one layer's Jacobian that are worked on at a time: 2 MiB in float32."""
KEPT_NUMBERS = 1 << 23
"""Entries of one layer's Jacobian of all rows up to which all chunks are kept for the backward
pass."""


def score_and_laplacian(chain: Chain, x: Tensor, create_graph: bool) -> tuple[Tensor, Tensor]:
    """Return the score ``(n, d)`` and the Laplacian of log p, ``(n,)``.

    Arguments:
        chain: the energy.
        x: points, ``(n, d)``.
        create_graph: whether the results carry a graph to the parameters.
    """
    with torch.set_grad_enabled(create_graph):
        if gram.serves(chain):
            return _score(chain, x, create_graph), gram.laplacian(chain, x)
        s, laplacian = _Laplacian.apply(chain, x.detach(), *chain.parameters)  # type: ignore[no-untyped-call]
        if chain.layers[0].map.narrows:
            # The columns were those of the factor, so the score has to come from elsewhere.
            s = _score(chain, x, create_graph)
    return s, laplacian


def _score(chain: Chain, x: Tensor, create_graph: bool) -> Tensor:
    return (
        closed_form.score(chain, x) if create_graph else closed_form.value_and_score(chain, x)[1]
    )


@dataclass(frozen=True)
class _Streams:
    """One chunk of rows at every layer."""

    inputs: list[Tensor]
    """``h``, ``(n, in)``."""
    derivatives: list[list[Tensor]]
    """Of the nonlinearity at ``a``, up to ``order``."""
    columns: list[Tensor]
    """``J_a``, ``(n, k, out)``; of the first layer ``(k, out)``."""
    column_inputs: list[Tensor]
    """``J_h`` from the second layer on, ``(n, k, in)``."""
    laplacians: list[Tensor]
    """``L_a`` from the second layer on, ``(n, out)``."""
    laplacian_inputs: list[Tensor]
    """``L_h`` from the second layer on, ``(n, in)``."""
    squares: list[Tensor]
    """``Σ_k J_a²``, ``(n, out)``; of the first layer ``(out,)``."""


def _first_columns(chain: Chain) -> tuple[Tensor, Tensor | None]:
    """Return ``J_a`` of the first layer, ``(k, out)``, and the factor if it stands in."""
    scaled = chain.layers[0].map.columns(1 / chain.std)
    if not chain.layers[0].map.narrows:
        return scaled, None
    scaled = scaled.double()
    factor = torch.linalg.cholesky(scaled.T @ scaled)
    return factor.T.to(chain.std.dtype).contiguous(), factor


def _propagate(
    chain: Chain, u: Tensor, first: Tensor, order: int
) -> tuple[_Streams, Tensor, Tensor]:
    """Return the streams, and ``J_h`` ``(n, k, out)`` and ``L_h`` ``(n, out)`` at the end."""
    s = _Streams([u], [], [first], [], [], [], [(first * first).sum(0)])
    j: Tensor = first
    for k, layer in enumerate(chain.layers):
        value, *derivatives = layer.rule.jet(layer.map.affine(s.inputs[-1]), order)
        slope, bend = derivatives[:2]
        s.inputs.append(layer.joined(value, s.inputs[-1]))
        s.derivatives.append(derivatives)
        if k == 0:
            j = slope[:, None, :] * first
            lap = bend * s.squares[0]
        else:
            s.column_inputs.append(j)
            s.laplacian_inputs.append(lap)
            columns = layer.map.linear(j)
            s.columns.append(columns)
            s.squares.append((columns * columns).sum(1))
            s.laplacians.append(layer.map.linear(lap))
            j = layer.joined(slope[:, None, :] * columns, j)
            bent = (bend * s.squares[-1]).addcmul_(slope, s.laplacians[-1])
            lap = layer.joined(bent, lap)
    return s, j, lap


class _Laplacian(torch.autograd.Function):
    """Score (where the columns are those of the input) and Laplacian."""

    @staticmethod
    def forward(ctx: Any, chain: Chain, x: Tensor, *parameters: Tensor) -> Any:
        u = (x - chain.mean) / chain.std
        first, factor = _first_columns(chain)
        widest = max(layer.map.outputs for layer in chain.layers)
        ctx.chain, ctx.rows = chain, max(CHUNK_NUMBERS // (len(first) * widest), 1)
        columns, laplacians = [], []
        top = chain.top[0]
        keep = any(ctx.needs_input_grad) and len(u) * len(first) * widest <= KEPT_NUMBERS
        kept = list[tuple[_Streams, Tensor, Tensor]]()
        for part in torch.split(u, ctx.rows):
            chunk = _propagate(chain, part, first, 3 if keep else 2)
            columns.append(chunk[1] @ top)
            laplacians.append(chunk[2] @ top)
            if keep:
                kept.append(chunk)
        save(ctx, u, first, factor, kept, parameters)
        laplacian = -torch.cat(laplacians)
        if chain.quadratic is not None:
            laplacian = laplacian - chain.quadratic.laplacian(chain.std)
        if factor is not None:
            return x.new_empty(0), laplacian
        s = -torch.cat(columns)
        if chain.quadratic is not None:
            s = s - chain.quadratic.gradient(u) / chain.std
        return s, laplacian

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        chain: Chain = ctx.chain
        u, first, factor, kept, _ = restore(ctx)
        c_score = None if factor is not None else -cotangents[0]
        maps = [layer.map for layer in chain.layers]
        weights = [torch.zeros_like(each.weight) for each in maps]
        biases = [each.weight.new_zeros(each.weight.shape[0]) for each in maps]
        head = torch.zeros_like(chain.top)
        first_grad = torch.zeros_like(first)
        for k, part in enumerate(torch.split(u, ctx.rows)):
            rows = slice(k * ctx.rows, k * ctx.rows + len(part))
            c_columns, c_laplacian = None, -cotangents[1][rows, None]
            chunk = kept[k] if kept else _propagate(chain, part, first, 3)
            streams, j, lap = chunk
            head.addmm_(c_laplacian.T, lap)
            if c_score is not None:
                c_columns = c_score[rows]
                head.addmm_(c_columns.reshape(1, -1), j.flatten(0, 1))
            _accumulate(chain, streams, c_columns, c_laplacian, weights, biases, first_grad)
        if factor is not None:
            # The loss sees M = W̃W̃ᵀ = RRᵀ alone: ∂/∂R = 2GR and ∂/∂W̃ = 2GW̃ with G symmetric.
            slope = first_grad.T.double()
            twice_g = torch.linalg.solve_triangular(factor, slope, upper=False, left=False)
            first_grad = maps[0].columns(1 / chain.std) @ twice_g.T.to(first_grad.dtype)
        weights[0] += maps[0].columns_gradient(first_grad, 1 / chain.std)
        return (None, None, *chain.like_parameters(weights, biases, head))


def _accumulate(
    chain: Chain,
    s: _Streams,
    c_columns: Tensor | None,
    c_laplacian: Tensor,
    weights: list[Tensor],
    biases: list[Tensor],
    first_grad: Tensor,
) -> None:
    """Add one chunk's gradients: of all weights and biases, and of the first columns."""
    above_a: Tensor | None = None
    above_j = None if c_columns is None else c_columns[:, :, None] * chain.top
    above_l: Tensor = c_laplacian * chain.top
    for i in range(len(chain.layers) - 1, -1, -1):
        layer, (slope, bend, jerk) = chain.layers[i], s.derivatives[i]
        columns = s.columns[i] if i else s.columns[0].expand(len(slope), -1, -1)
        curved = above_l * bend
        beta = (2 * curved)[:, None, :] * columns
        alpha = above_l * jerk * s.squares[i]
        if above_a is not None:
            alpha.addcmul_(above_a, slope)
        if above_j is not None:
            beta.addcmul_(above_j, slope[:, None, :])
            alpha.addcmul_(bend, (above_j * columns).sum(1))
        if i > 0:
            alpha.addcmul_(curved, s.laplacians[i - 1])
        biases[i] += layer.map.bias_gradient(alpha)
        if i == 0:
            weights[i] += layer.map.gradient((alpha, s.inputs[i]))
            first_grad += beta.sum(0)
            return
        gamma = above_l * slope
        weights[i] += layer.map.gradient(
            (alpha, s.inputs[i]),
            (gamma, s.laplacian_inputs[i - 1]),
            (beta.flatten(0, 1), s.column_inputs[i - 1].flatten(0, 1)),
        )
        both = layer.map.adjoint(torch.cat([alpha, gamma]))
        down_a, down_l = torch.split(both, len(alpha))
        above_a, above_l = layer.joined(down_a, above_a), layer.joined(down_l, above_l)
        above_j = layer.joined(layer.map.adjoint(beta), above_j)
