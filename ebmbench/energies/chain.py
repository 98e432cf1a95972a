r"""An energy as a chain of affine maps and elementwise nonlinearities.

.. math:: E(x) = w^\top h^{(L)} + b + \tfrac12 \|R u\|^2, \quad
          h^{(l)} = \varphi_l(a^{(l)}) + r_l h^{(l-1)}, \quad
          a^{(l)} = W_l h^{(l-1)} + b_l, \quad h^{(0)} = u = (x - \mu) / \sigma

with ``R`` of a network over a Gaussian reference and without that term otherwise, and :math:`r_l`
one for residual layers. The head ``w``, ``b`` is not one more layer, since its derivatives are
known without a product.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.maps import AffineMap
from ebmbench.energies.quadratic import Quadratic
from ebmbench.energies.rules import Rule


@dataclass(frozen=True)
class Layer:
    """One layer of a chain."""

    map: AffineMap
    rule: Rule
    skip: bool = False
    """``r``: whether the input is added to the output; never of the first layer."""

    def joined(self, through: Tensor, around: Tensor | None) -> Tensor:
        """Return what went through the layer plus, if it is residual, what went around it.

        Values and tangents on the way up, cotangents on the way down; ``None`` is zero.
        """
        return through + around if self.skip and around is not None else through


@dataclass(frozen=True)
class Chain:
    """The layers of an energy, first to last."""

    layers: tuple[Layer, ...]
    head: tuple[Tensor, Tensor] | None
    """``w``, ``(1, out)``, and ``b``, ``(1,)``; ``None``: the plain sum."""
    mean: Tensor
    """``μ``, ``(d,)``."""
    std: Tensor
    """``σ``, ``(d,)``."""
    quadratic: Quadratic | None
    """The Gaussian reference ``½‖R u‖²``, where it is part of the energy."""

    @property
    def parameters(self) -> list[Tensor]:
        """Weights and biases in order, without the missing ones, and the head."""
        maps = [layer.map for layer in self.layers]
        found = [p for each in maps for p in (each.weight, each.bias) if p is not None]
        return found + list(self.head or ())

    def like_parameters(
        self, weights: list[Tensor], biases: list[Tensor], head: Tensor
    ) -> list[Tensor]:
        """Order gradients as :attr:`parameters`.

        Arguments:
            weights: those of all ``W_l``.
            biases: those of all ``b_l``, also of missing ones.
            head: that of ``w``, ``(1, out)``; no derivative in ``x`` sees ``b``.
        """
        found = []
        for weight, bias, layer in zip(weights, biases, self.layers, strict=True):
            found.append(weight)
            if layer.map.bias is not None:
                found.append(bias)
        if self.head is not None:
            found += [head, torch.zeros_like(self.head[1])]
        return found

    @property
    def top(self) -> Tensor:
        """The derivative of the energy in the last layer's output, ``(1, out)``."""
        if self.head is None:
            return self.mean.new_ones(1, self.layers[-1].map.outputs)
        return self.head[0]

    def forward(self, u: Tensor, order: int) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Propagate values.

        Returns:
            the inputs ``h^(l−1)`` of all layers and last the output ``h^(L)``; and per layer the
            derivatives ``[φ'(a), …]`` up to ``order``.
        """
        inputs, derivatives = [u], []
        for layer in self.layers:
            value, *found = layer.rule.jet(layer.map.affine(inputs[-1]), order)
            inputs.append(layer.joined(value, inputs[-1]))
            derivatives.append(found)
        return inputs, derivatives

    def network(self, end: Tensor) -> Tensor:
        """Return the chain's part of the energies, ``(n,)``, from the last layer's output."""
        return end.sum(-1) if self.head is None else end @ self.head[0][0] + self.head[1]

    def adjoints(self, derivatives: list[list[Tensor]]) -> Adjoints:
        """Propagate the energy's derivative from the last layer to the input.

        Arguments:
            derivatives: those of :meth:`forward`, of order one at least.
        """
        outputs, pre = [self.top], list[Tensor]()
        for layer, (slope, *_) in zip(reversed(self.layers), reversed(derivatives), strict=True):
            pre.append(outputs[-1] * slope)
            outputs.append(layer.joined(layer.map.adjoint(pre[-1]), outputs[-1]))
        *outputs, end = outputs
        return Adjoints(outputs[::-1], pre[::-1], end)


@dataclass(frozen=True)
class Adjoints:
    """Derivatives of the chain's part of the energy."""

    outputs: list[Tensor]
    """``∂E/∂h^(l)``, ``(n, out)``; of the last layer ``(1, out)``."""
    pre: list[Tensor]
    """``∂E/∂a^(l)``, ``(n, out)``."""
    input: Tensor
    """``∂E/∂u``, ``(n, d)``, without the Gaussian reference."""
