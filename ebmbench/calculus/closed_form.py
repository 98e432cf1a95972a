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
from torch.autograd.function import once_differentiable

from ebmbench.calculus.saved import restore, save
from ebmbench.energies.chain import Chain


def value_and_score(chain: Chain, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return energies ``(n,)`` and scores ``(n, d)``, without a graph."""
    with torch.no_grad():
        u = (x - chain.mean) / chain.std
        inputs, derivatives = chain.forward(u, 1)
        value, gradient = chain.network(inputs[-1]), chain.adjoints(derivatives).input
        if chain.quadratic is not None:
            square, slope = chain.quadratic.value_and_gradient(u)
            value, gradient = value + square, gradient + slope
        return value, -gradient / chain.std


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
    if chain.quadratic is not None:
        gradient = gradient + chain.quadratic.gradient(u)
    return -gradient / chain.std


@dataclass(frozen=True)
class _Jet:
    """Values, tangents and curvatures of all layers along one direction."""

    u: Tensor
    w: Tensor
    """The direction in ``u``, ``(n, d)``."""
    inputs: list[Tensor]
    derivatives: list[list[Tensor]]
    tangent_inputs: list[Tensor]
    tangents: list[Tensor]
    curvature_inputs: list[Tensor]
    """From the second layer on, and last that of the end."""
    curvatures: list[Tensor | None]
    bends: list[Tensor]
    """``φ''`` times the tangent."""

    def first_and_second(self, chain: Chain) -> tuple[Tensor, Tensor]:
        """Return first and second derivative of log p along ``v``, each ``(n,)``."""
        top = chain.top[0]
        first, second = self.tangent_inputs[-1] @ top, self.curvature_inputs[-1] @ top
        if chain.quadratic is not None:
            slope, curvature = chain.quadratic.along(self.u, self.w)
            first, second = first + slope, second + curvature
        return -first, -second


def _propagate(chain: Chain, x: Tensor, v: Tensor, order: int) -> _Jet:
    """Propagate values, tangents and curvatures.

    Arguments:
        chain: the energy.
        x: points, ``(n, d)``.
        v: directions, ``(n, d)``.
        order: of the derivatives that are kept: 3 if gradients are wanted later, else 2.
    """
    u, w = (x - chain.mean) / chain.std, v / chain.std
    jet = _Jet(u, w, *chain.forward(u, order), [w], [], [], [], [])
    for layer, (first, second, *_) in zip(chain.layers, jet.derivatives, strict=True):
        curvature: Tensor | None = None
        if not jet.curvature_inputs:
            tangent = layer.map.linear(w)
        else:
            both = torch.cat([jet.tangent_inputs[-1], jet.curvature_inputs[-1]])
            tangent, curvature = torch.split(layer.map.linear(both), len(x))
        bend = second * tangent
        bent = bend * tangent
        if curvature is not None:
            bent.addcmul_(first, curvature)
        below = jet.curvature_inputs[-1] if jet.curvature_inputs else None
        jet.tangents.append(tangent)
        jet.curvatures.append(curvature)
        jet.bends.append(bend)
        jet.tangent_inputs.append(layer.joined(first * tangent, jet.tangent_inputs[-1]))
        jet.curvature_inputs.append(layer.joined(bent, below))
    return jet


@dataclass(frozen=True)
class _Tangents:
    """The tangent stream along one direction."""

    inputs: list[Tensor]
    pre: list[Tensor]


def _tangents(chain: Chain, direction: Tensor, derivatives: list[list[Tensor]]) -> _Tangents:
    """Propagate a direction in ``x``, ``(n, d)``, through all layers."""
    inputs, pre = [direction / chain.std], []
    for layer, (slope, *_) in zip(chain.layers, derivatives, strict=True):
        pre.append(layer.map.linear(inputs[-1]))
        inputs.append(layer.joined(slope * pre[-1], inputs[-1]))
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
    adjoints = chain.adjoints(jet.derivatives)
    extra = None if c_score is None else _tangents(chain, -c_score, jet.derivatives)
    weights, biases = [], []
    # A, B: adjoints of h and of its tangent; that of the curvature is −c_second times p's.
    above_a: Tensor | None = None
    above_b: Tensor | None = None
    head = -(c_second.T @ jet.curvature_inputs[-1])
    if c_first is not None:
        above_b = -c_first * chain.top
        head.addmm_(c_first.T, jet.tangent_inputs[-1], alpha=-1)
    if extra is not None:
        head += extra.inputs[-1].sum(0)
    for i in range(len(chain.layers) - 1, -1, -1):
        layer, (first, second, third) = chain.layers[i], jet.derivatives[i]
        t, k, bend = jet.tangents[i], jet.curvatures[i], jet.bends[i]
        c = -c_second * adjoints.outputs[i]
        beta = (c * bend).mul_(2)
        alpha = (third * t).mul_(t)
        if k is not None:
            alpha.addcmul_(second, k)
        alpha.mul_(c)
        if above_a is not None:
            alpha.addcmul_(above_a, first)
        if above_b is not None:
            alpha.addcmul_(above_b, bend)
            beta.addcmul_(above_b, first)
        joint = None
        if i > 0:
            joint = -c_second * jet.curvature_inputs[i - 1]
        if extra is not None:
            alpha.add_((adjoints.outputs[i] * second).mul_(extra.pre[i]))
            joint = extra.inputs[i] if joint is None else joint.add_(extra.inputs[i])
        pairs = [(alpha, jet.inputs[i]), (beta, jet.tangent_inputs[i])]
        if joint is not None:
            pairs.append((adjoints.pre[i], joint))
        weights.append(layer.map.gradient(*pairs))
        biases.append(layer.map.bias_gradient(alpha))
        if i > 0:
            both = layer.map.adjoint(torch.cat([alpha, beta]))
            down_a, down_b = torch.split(both, len(alpha))
            above_a, above_b = layer.joined(down_a, above_a), layer.joined(down_b, above_b)
    return chain.like_parameters(weights[::-1], biases[::-1], head)


def _order(ctx: Any, least: int) -> int:
    """Return the order of the derivatives to keep: one more if gradients will be asked for."""
    return least + any(ctx.needs_input_grad)


class _Directional(torch.autograd.Function):
    """First and second derivative along ``v``."""

    @staticmethod
    def forward(ctx: Any, chain: Chain, x: Tensor, v: Tensor, *parameters: Tensor) -> Any:
        jet = _propagate(chain, x, v, _order(ctx, 2))
        ctx.chain = chain
        save(ctx, jet, parameters)
        return jet.first_and_second(chain)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        c_first, c_second = (c[:, None] for c in cotangents)
        jet, _ = restore(ctx)
        return (None, None, None, *_gradients(ctx.chain, jet, c_first, c_second, None))


class _ScoreAndDirectional(torch.autograd.Function):
    """The score and the second derivative along ``v``."""

    @staticmethod
    def forward(ctx: Any, chain: Chain, x: Tensor, v: Tensor, *parameters: Tensor) -> Any:
        jet = _propagate(chain, x, v, _order(ctx, 2))
        ctx.chain = chain
        save(ctx, jet, parameters)
        s = _to_score(chain, jet.u, chain.adjoints(jet.derivatives).input)
        return s, jet.first_and_second(chain)[1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        c_score, c_second = cotangents
        jet, _ = restore(ctx)
        return (None, None, None, *_gradients(ctx.chain, jet, None, c_second[:, None], c_score))


class _Score(torch.autograd.Function):
    """The score."""

    @staticmethod
    def forward(ctx: Any, chain: Chain, x: Tensor, *parameters: Tensor) -> Tensor:
        u = (x - chain.mean) / chain.std
        inputs, derivatives = chain.forward(u, _order(ctx, 1))
        adjoints = chain.adjoints(derivatives)
        ctx.chain = chain
        save(ctx, inputs, derivatives, adjoints, parameters)
        return _to_score(chain, u, adjoints.input)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        chain: Chain = ctx.chain
        inputs, derivatives, adjoints, _ = restore(ctx)
        along = _tangents(chain, -cotangents[0], derivatives)
        weights, biases = [], []
        above: Tensor | None = None
        for k in range(len(chain.layers) - 1, -1, -1):
            layer, (first, second) = chain.layers[k], derivatives[k]
            q = (adjoints.outputs[k] * second).mul_(along.pre[k])
            if above is not None:
                q.addcmul_(above, first)
            weights.append(layer.map.gradient((q, inputs[k]), (adjoints.pre[k], along.inputs[k])))
            biases.append(layer.map.bias_gradient(q))
            if k > 0:
                above = layer.joined(layer.map.adjoint(q), above)
        head = along.inputs[-1].sum(0, keepdim=True)
        return (None, None, *chain.like_parameters(weights[::-1], biases[::-1], head))
