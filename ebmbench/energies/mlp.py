r"""A multilayer perceptron over a Gaussian reference measure."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from ebmbench.energies.chain import Chain, Layer
from ebmbench.energies.layers import ACTIVATIONS, RULES, Activation, linear
from ebmbench.energies.maps import Dense
from ebmbench.energies.mlp_levels import MLPLevels
from ebmbench.energies.tilted import TiltedGaussian, moments
from ebmbench.options import build, options


@options
class MLPOptions:
    """Options of ``[energy.options]`` for ``kind = "mlp"``."""

    hidden: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)]
    activation: Activation = "silu"
    residual: bool = False


class MLPEnergy(TiltedGaussian):
    """A Gaussian tilted by a multilayer perceptron.

    Arguments:
        mean: the mean ``μ``, ``(d,)``.
        std: the standard deviation ``σ``, ``(d,)``.
        hidden: widths of the hidden layers.
        activation: ``silu``, ``softplus`` or ``tanh``: all twice differentiable.
        generator: the source of the initial weights.
        residual: whether a hidden layer as wide as the one before it adds that one's output.
    """

    levelled = MLPLevels

    def __init__(
        self,
        mean: Tensor,
        std: Tensor,
        hidden: list[int],
        activation: Activation = "silu",
        *,
        generator: torch.Generator | None = None,
        residual: bool = False,
    ) -> None:
        super().__init__(mean, std)
        self.activation = activation
        self.skips = [False, *(residual and a == b for a, b in pairwise(hidden))]
        widths = [len(mean), *hidden]
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [linear(fan_in, fan_out, 1.0, generator), ACTIVATIONS[activation]()]
        layers.append(linear(widths[-1], 1, 0.0, generator))
        self.network = nn.Sequential(*layers)

    @classmethod
    def create(cls, train: Tensor, generator: torch.Generator, **options: Any) -> MLPEnergy:
        """Build the energy for training rows ``(n, d)``: ``μ`` and ``σ`` are theirs."""
        chosen = build(MLPOptions, options, "energy.options")
        mean, std = moments(train)
        return cls(
            mean,
            std,
            chosen.hidden,
            chosen.activation,
            generator=generator,
            residual=chosen.residual,
        )

    def chain(self) -> Chain:
        *hidden, last = [each for each in self.network if isinstance(each, nn.Linear)]
        rule = RULES[self.activation]
        layers = tuple(
            Layer(Dense(each.weight, each.bias), rule, skip)
            for each, skip in zip(hidden, self.skips, strict=True)
        )
        return Chain(layers, (last.weight, last.bias), self.mean, self.std, self.quadratic)

    def tilt(self, u: Tensor) -> Tensor:
        *hidden, last = self.network
        h = u
        for affine, bend, skip in zip(hidden[::2], hidden[1::2], self.skips, strict=True):
            value = bend(affine(h))
            h = value + h if skip else value
        f: Tensor = last(h)
        return f.squeeze(-1)
