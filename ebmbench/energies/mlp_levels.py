r"""A multilayer perceptron of many noise levels over Gaussians convolved with their noise."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from ebmbench.energies.chain import Chain, Layer
from ebmbench.energies.conditional import TiltedLevels
from ebmbench.energies.layers import ACTIVATIONS, RULES, Activation, linear
from ebmbench.energies.maps import Dense
from ebmbench.energies.tilted import moments
from ebmbench.options import build, options


@options
class MLPLevelsOptions:
    """Options of ``[energy.options]`` for ``kind = "mlp-levels"``."""

    hidden: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)]
    levels: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]
    """Standard deviations of the noise in the coordinates of the model, falling."""
    activation: Activation = "silu"


class MLPLevels(TiltedLevels):
    r"""The network of :class:`~ebmbench.energies.mlp.MLPEnergy` with a bias for each level.

    .. math:: f_\theta(u, \sigma) = f_\theta(u;\, b_1 + w\,c(\sigma))

    where :math:`c(\sigma)` is the logarithm of the level, standardised over the levels, and
    :math:`b_1` the bias of the first layer. A level is a chain, so that its derivatives have
    closed forms; several levels at once are differentiated by autograd. The last layer and ``w``
    start at zero: every level starts as the data's Gaussian convolved with its noise.

    Arguments:
        mean: mean of the training rows, ``(d,)``.
        std: their standard deviation, ``(d,)``.
        levels: the noise levels, falling.
        hidden: widths of the hidden layers.
        activation: ``silu``, ``softplus`` or ``tanh``.
        generator: the source of the initial weights.
    """

    def __init__(
        self,
        mean: Tensor,
        std: Tensor,
        levels: list[float],
        *,
        hidden: list[int],
        activation: Activation = "silu",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(mean, std, levels)
        self.activation = activation
        widths = [len(mean), *hidden]
        self.hidden = nn.ModuleList(
            linear(fan_in, fan_out, 1.0, generator) for fan_in, fan_out in pairwise(widths)
        )
        self.last = linear(widths[-1], 1, 0.0, generator)
        self.shift = nn.Parameter(torch.zeros(hidden[0], dtype=mean.dtype))

    @classmethod
    def create(cls, train: Tensor, generator: torch.Generator, **options: Any) -> MLPLevels:
        chosen = build(MLPLevelsOptions, options, "energy.options")
        mean, std = moments(train)
        return cls(
            mean,
            std,
            chosen.levels,
            hidden=chosen.hidden,
            activation=chosen.activation,
            generator=generator,
        )

    def condition(self, sigma: Tensor) -> Tensor:
        """Return ``c(σ)``, of the shape of ``sigma``."""
        logs = self.levels.log()
        # of one level there is no spread, and its logarithm is the mean
        spread = logs.std(correction=0) if len(logs) > 1 else logs.new_ones(())
        return (sigma.log() - logs.mean()) / spread

    def chain_at(self, sigma: Tensor) -> Chain:
        rule = RULES[self.activation]
        first, *others = self.hidden
        assert isinstance(first.bias, Tensor)
        assert isinstance(first.weight, Tensor)
        bias = first.bias + self.shift * self.condition(sigma)
        maps = [Dense(first.weight, bias), *(Dense(o.weight, o.bias) for o in others)]  # type: ignore[arg-type]
        layers = tuple(Layer(each, rule) for each in maps)
        head = (self.last.weight, self.last.bias)
        return Chain(layers, head, self.mean, self.std_at(sigma), self.quadratic_at(sigma))

    def tilt(self, u: Tensor, sigma: Tensor) -> Tensor:
        bend = ACTIVATIONS[self.activation]()
        h = u
        for k, layer in enumerate(self.hidden):
            a = layer(h)
            h = bend(a + self.condition(sigma) * self.shift if k == 0 else a)
        f: Tensor = self.last(h)
        return f.squeeze(-1)
