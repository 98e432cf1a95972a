r"""The exact Laplacian of two dense layers on a wide input, in closed form.

With :math:`M = W_1 \operatorname{diag}(1/\sigma^2) W_1^\top`, which all rows share, and
:math:`P = W_2 \operatorname{diag}(\varphi_1')` of a row,

.. math:: L_{h^{(1)}} = \varphi_1'' \odot \operatorname{diag} M, \qquad
          S = \sum_k J_{a,k}^2 = \operatorname{diag}(P M P^\top), \qquad
          \nabla\cdot s = -w^\top (\varphi_2'' \odot S + \varphi_2' \odot W_2 L_{h^{(1)}}) + …

So the product :math:`Q = P M` of the forward pass gives the derivative of ``S`` in ``P``, which is
:math:`2Q` row by row, without another one; only that in ``M`` costs one, :math:`P^\top
\operatorname{diag}(c) P` for cotangents ``c`` of ``S``. With ``m`` outputs of the first layer that
makes :math:`2 m` times the products of the second layer per row, where ``k`` columns propagated by
:mod:`ebmbench.calculus.laplacian` make :math:`3 k`, and :math:`4 k` if they are too many to be
kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ebmbench.calculus.saved import restore, save
from ebmbench.energies.chain import Chain
from ebmbench.energies.maps import Dense

CHUNK_NUMBERS = 1 << 19
"""Entries of ``Q`` that are worked on at a time: 2 MiB in float32."""
KEPT_NUMBERS = 1 << 25
"""Entries of ``Q`` of all rows up to which it is kept for the backward pass: 128 MiB."""


def serves(chain: Chain) -> bool:
    """Return whether the chain is of the kind that this module knows, and this way the shorter."""
    maps = [layer.map for layer in chain.layers]
    if len(maps) != 2 or not all(isinstance(each, Dense) for each in maps):
        return False
    return 2 * maps[0].outputs <= 3 * len(chain.mean)


def laplacian(chain: Chain, x: Tensor) -> Tensor:
    """Return the Laplacian of log p, ``(n,)``, with a graph to the parameters if enabled."""
    result: Tensor = _Laplacian.apply(chain, x.detach(), *chain.parameters)  # type: ignore[no-untyped-call]
    return result


@dataclass(frozen=True)
class _Rows:
    """What the layers make of some rows."""

    inputs: list[Tensor]
    """``u`` and ``h``, ``(n, d)`` and ``(n, in)``."""
    derivatives: list[list[Tensor]]
    """Of both nonlinearities."""
    bent: Tensor
    """``L_h`` of the first layer, ``(n, in)``."""
    carried: Tensor
    """``L_a`` of the second, ``(n, out)``."""


def _rows(chain: Chain, u: Tensor, diagonal: Tensor, order: int) -> _Rows:
    inputs, derivatives = chain.forward(u, order)
    bent = derivatives[0][1] * diagonal
    return _Rows(inputs[:2], derivatives, bent, chain.layers[1].map.linear(bent))


class _Laplacian(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, chain: Chain, x: Tensor, *parameters: Tensor) -> Tensor:
        first, second = (layer.map.weight for layer in chain.layers)
        u = (x - chain.mean) / chain.std
        scaled = (first / chain.std).double()
        gram = (scaled @ scaled.T).to(first.dtype)
        size = len(u) * second.numel()
        learns = any(ctx.needs_input_grad)
        rows = _rows(chain, u, gram.diagonal(), 3 if learns else 2)
        slope = rows.derivatives[0][0]
        n = max(CHUNK_NUMBERS // second.numel(), 1)
        kept = list[Tensor]() if learns and size <= KEPT_NUMBERS else None
        squares = []
        for part in torch.split(slope, n):
            p = second * part[:, None, :]
            q = p @ gram
            squares.append(p.mul_(q).sum(2))
            if kept is not None:
                kept.append(q)
        s = torch.cat(squares)
        ctx.chain, ctx.chunk = chain, n
        save(ctx, rows, gram, s, kept, parameters)
        result = -(_end(chain, rows, s) @ chain.top[0])
        return result if chain.quadratic is None else result - chain.quadratic.laplacian(chain.std)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        chain: Chain = ctx.chain
        rows, gram, s, kept, _ = restore(ctx)
        (slope, bend, jerk), (slope2, bend2, jerk2) = rows.derivatives
        lower, upper = (layer.map for layer in chain.layers)
        down = -cotangent[:, None]
        above = down * chain.top
        curved, gamma = above * bend2, above * slope2
        alpha2 = (above * jerk2 * s).addcmul_(curved, rows.carried)
        weight2, slope_gradient, gram_gradient = _through_squares(
            rows, gram, kept, ctx.chunk, upper.weight, curved
        )
        weight2 += upper.gradient((alpha2, rows.inputs[1]), (gamma, rows.bent))
        through_a, through_l = torch.split(upper.adjoint(torch.cat([alpha2, gamma])), len(s))
        above_l = chain.layers[1].joined(through_l, above)
        gram_gradient.diagonal().add_((above_l * bend).sum(0))
        alpha = (through_a * slope).addcmul_(slope_gradient, bend)
        alpha.addcmul_(above_l * jerk, gram.diagonal())
        weight = lower.gradient((alpha, rows.inputs[0]))
        # M = W̃W̃ᵀ with W̃ = W₁/σ, and its cotangent is symmetric.
        weight += (2 * gram_gradient @ (lower.weight / chain.std)) / chain.std
        head = down.T @ _end(chain, rows, s)
        biases = [lower.bias_gradient(alpha), upper.bias_gradient(alpha2)]
        return (None, None, *chain.like_parameters([weight, weight2], biases, head))


def _end(chain: Chain, rows: _Rows, squares: Tensor) -> Tensor:
    """Return ``L_h`` of the second layer, ``(n, out)``."""
    slope, bend, *_ = rows.derivatives[1]
    through = (bend * squares).addcmul_(slope, rows.carried)
    return chain.layers[1].joined(through, rows.bent)


def _through_squares(
    rows: _Rows,
    gram: Tensor,
    kept: list[Tensor] | None,
    chunk: int,
    second: Tensor,
    curved: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the derivatives of ``Σ curved·S`` in ``W₂``, in ``φ₁'`` and in ``M``."""
    slope = rows.derivatives[0][0]
    weight, gram_gradient = torch.zeros_like(second), torch.zeros_like(gram)
    slopes = []
    for k, (part, c) in enumerate(
        zip(torch.split(slope, chunk), torch.split(curved, chunk), strict=True)
    ):
        p = second * part[:, None, :]
        q = kept[k] if kept is not None else p @ gram
        scaled = c[:, :, None] * p
        gram_gradient.addmm_(scaled.flatten(0, 1).T, p.flatten(0, 1))
        # c ⊙ Q serves both: its product with φ₁' and its product with W₂.
        torch.mul(q, c[:, :, None], out=scaled)
        slopes.append(torch.mul(scaled, second, out=p).sum(1))
        weight += scaled.mul_(part[:, None, :]).sum(0)
    return 2 * weight, 2 * torch.cat(slopes), gram_gradient
