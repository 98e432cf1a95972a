r"""The operators in closed form for chains, with hand-derived gradients in the parameters.

Everything follows from three facts. Along a direction ``w`` the tangent of a layer is
:math:`\dot a = W \dot h,\ \dot h = \varphi'(a)\dot a` and its curvature
:math:`\ddot a = W\ddot h,\ \ddot h = \varphi''\dot a^2 + \varphi'\ddot a`. A cotangent ``c`` of
the score is a tangent of the energy: :math:`\langle c, s\rangle = -\frac{d}{dt}E(x + tc)`. And the
adjoint of the curvature stream is that of the value stream, :math:`p = \partial E/\partial a`,
times the cotangent of the curvature. So the gradient of a loss of ``s`` and ``v'Hv`` needs no
second backward pass through a graph.

With ``n`` rows and a unit the cost of one forward pass, the score with its parameter gradient
costs 6, the directional derivatives 9, both together 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ebmbench.energies.chain import Chain


def value_and_score(chain: Chain, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return energies ``(n,)`` and scores ``(n, d)``, without a graph."""
    with torch.no_grad():
        u = (x - chain.mean) / chain.std
        inputs, pre = chain.forward(u)
        slopes = [r.derivatives(a, 1)[0] for r, a in zip(chain.rules, pre, strict=True)]
        gradient = chain.adjoints(slopes).input
        return chain.energy(u, inputs[-1]), _to_score(chain, u, gradient)


def score(chain: Chain, x: Tensor) -> Tensor:
    """Return the scores ``(n, d)`` with a graph to the parameters."""
    result: Tensor = _Score.apply(chain, x.detach(), *chain.parameters)  # type: ignore[no-untyped-call]
    return result


def directional(chain: Chain, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``v·s`` and ``v'∇s v``, each ``(n,)``, with a graph to the parameters."""
    first, second = _Directional.apply(chain, x.detach(), v, *chain.parameters)  # type: ignore[no-untyped-call]
    return first, second


def score_and_directional(chain: Chain, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``s``, ``(n, d)``, and ``v'∇s v``, ``(n,)``, with a graph to the parameters."""
    s, second = _ScoreAndDirectional.apply(chain, x.detach(), v, *chain.parameters)  # type: ignore[no-untyped-call]
    return s, second


def _to_score(chain: Chain, u: Tensor, gradient: Tensor) -> Tensor:
    """Turn the gradient of the chain in ``u`` into the score in ``x``."""
    return -(gradient + u if chain.quadratic else gradient) / chain.std


class _Jet:
    """Values, tangents and curvatures of all layers along one direction."""

    def __init__(self, chain: Chain, x: Tensor, v: Tensor) -> None:
        self.u = (x - chain.mean) / chain.std
        self.w = v / chain.std
        n = len(x)
        self.inputs, self.pre = chain.forward(self.u)
        self.tangent_inputs, self.tangents = [self.w], []
        self.curvature_inputs, self.curvatures = list[Tensor](), list[Tensor]()
        for layer, (rule, a) in enumerate(zip(chain.rules, self.pre, strict=True)):
            weight = chain.weights[layer]
            first, second = rule.derivatives(a, 2)
            if layer == 0:
                tangent = self.tangent_inputs[0] @ weight.T
                curvature = torch.zeros_like(tangent)
            else:
                both = torch.cat([self.tangent_inputs[-1], self.curvature_inputs[-1]])
                tangent, curvature = torch.split(both @ weight.T, n)
            self.tangents.append(tangent)
            self.curvatures.append(curvature)
            self.tangent_inputs.append(first * tangent)
            self.curvature_inputs.append(second * tangent * tangent + first * curvature)

    def first_and_second(self, chain: Chain) -> tuple[Tensor, Tensor]:
        """Return first and second derivative of log p along ``v``, each ``(n,)``."""
        first, second = self.tangent_inputs[-1].sum(-1), self.curvature_inputs[-1].sum(-1)
        if chain.quadratic:
            first = first + (self.u * self.w).sum(-1)
            second = second + (self.w * self.w).sum(-1)
        return -first, -second


@dataclass(frozen=True)
class _Tangents:
    """The tangent stream along one direction."""

    inputs: list[Tensor]
    pre: list[Tensor]


def _tangents(chain: Chain, direction: Tensor, slopes: list[Tensor]) -> _Tangents:
    """Propagate a direction in ``x``, ``(n, d)``, through all layers."""
    inputs, pre = [direction / chain.std], []
    for weight, slope in zip(chain.weights, slopes, strict=True):
        pre.append(inputs[-1] @ weight.T)
        inputs.append(slope * pre[-1])
    return _Tangents(inputs, pre)


def _gradients(
    chain: Chain, jet: _Jet, c_first: Tensor | None, c_second: Tensor, c_score: Tensor | None
) -> list[Tensor]:
    """Return the parameter gradients of a loss from its cotangents.

    Arguments:
        chain: the energy.
        jet: its streams along ``v``.
        c_first: cotangent of ``v·s``, ``(n, 1)``.
        c_second: cotangent of ``v'∇s v``, ``(n, 1)``.
        c_score: cotangent of ``s``, ``(n, d)``.
    """
    layers = range(len(chain.rules))
    derivatives = [r.derivatives(a, 3) for r, a in zip(chain.rules, jet.pre, strict=True)]
    adjoints = chain.adjoints([d[0] for d in derivatives])
    extra = None if c_score is None else _tangents(chain, -c_score, [d[0] for d in derivatives])
    weights, biases = [], []
    # A, B: adjoints of h and of its tangent; that of the curvature is −c_second times p's.
    above_a: Tensor | float = 0.0
    above_b: Tensor | float = 0.0 if c_first is None else -c_first
    for layer in reversed(layers):
        first, second, third = derivatives[layer]
        t, k = jet.tangents[layer], jet.curvatures[layer]
        c = -c_second * adjoints.outputs[layer]
        beta = above_b * first + 2 * c * second * t
        alpha = above_a * first + above_b * second * t + c * (third * t * t + second * k)
        joint = None
        if layer > 0:
            joint = -c_second * jet.curvature_inputs[layer - 1]
        if extra is not None:
            alpha = alpha + adjoints.outputs[layer] * second * extra.pre[layer]
            joint = extra.inputs[layer] if joint is None else joint + extra.inputs[layer]
        weight = alpha.T @ jet.inputs[layer]
        weight.addmm_(beta.T, jet.tangent_inputs[layer])
        if joint is not None:
            weight.addmm_(adjoints.pre[layer].T, joint)
        weights.append(weight)
        biases.append(alpha.sum(0))
        if layer > 0:
            down = torch.cat([alpha, beta]) @ chain.weights[layer]
            above_a, above_b = torch.split(down, len(alpha))
    return chain.like_parameters(weights[::-1], biases[::-1])


class _Directional(torch.autograd.Function):
    """First and second derivative along ``v``."""

    @staticmethod
    def forward(ctx: Any, chain: Chain, x: Tensor, v: Tensor, *parameters: Tensor) -> Any:
        ctx.chain, ctx.jet = chain, _Jet(chain, x, v)
        return ctx.jet.first_and_second(chain)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        c_first, c_second = (c[:, None] for c in cotangents)
        return (None, None, None, *_gradients(ctx.chain, ctx.jet, c_first, c_second, None))


class _ScoreAndDirectional(torch.autograd.Function):
    """The score and the second derivative along ``v``."""

    @staticmethod
    def forward(ctx: Any, chain: Chain, x: Tensor, v: Tensor, *parameters: Tensor) -> Any:
        jet = _Jet(chain, x, v)
        slopes = [r.derivatives(a, 1)[0] for r, a in zip(chain.rules, jet.pre, strict=True)]
        ctx.chain, ctx.jet = chain, jet
        s = _to_score(chain, jet.u, chain.adjoints(slopes).input)
        return s, jet.first_and_second(chain)[1]

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        c_score, c_second = cotangents
        return (
            None,
            None,
            None,
            *_gradients(ctx.chain, ctx.jet, None, c_second[:, None], c_score),
        )


class _Score(torch.autograd.Function):
    """The score."""

    @staticmethod
    def forward(ctx: Any, chain: Chain, x: Tensor, *parameters: Tensor) -> Tensor:
        u = (x - chain.mean) / chain.std
        ctx.chain = chain
        ctx.inputs, ctx.pre = chain.forward(u)
        ctx.slopes = [r.derivatives(a, 1)[0] for r, a in zip(chain.rules, ctx.pre, strict=True)]
        ctx.adjoints = chain.adjoints(ctx.slopes)
        return _to_score(chain, u, ctx.adjoints.input)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        chain: Chain = ctx.chain
        along = _tangents(chain, -cotangents[0], ctx.slopes)
        weights, biases = [], []
        q: Tensor | None = None
        for layer in range(len(ctx.slopes) - 1, -1, -1):
            second = chain.rules[layer].derivatives(ctx.pre[layer], 2)[1]
            bent = ctx.adjoints.outputs[layer] * second * along.pre[layer]
            q = bent if q is None else bent + (q @ chain.weights[layer + 1]) * ctx.slopes[layer]
            weight = q.T @ ctx.inputs[layer]
            weights.append(weight.addmm_(ctx.adjoints.pre[layer].T, along.inputs[layer]))
            biases.append(q.sum(0))
        return (None, None, *chain.like_parameters(weights[::-1], biases[::-1]))
