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

FEATURES = 8
"""Numbers by which the network is told the level."""


@options
class MLPLevelsOptions:
    """Options of ``[energy.options]`` for ``kind = "mlp-levels"``."""

    hidden: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)]
    levels: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)]
    """Standard deviations of the noise in the coordinates of the model, falling."""
    activation: Activation = "silu"
    residual: bool = False


class MLPLevels(TiltedLevels):
    r"""The network of :class:`~ebmbench.energies.mlp.MLPEnergy` with biases for each level.

    .. math:: f_\theta(u, \sigma) = \frac{\bar s}{\sigma}\,
              f_\theta(u;\, b_l + W_l\, c(\sigma)), \qquad
              c_k(\sigma) = \exp\bigl(-\tfrac12 (\log\sigma - m_k)^2 / w^2\bigr)

    with :data:`FEATURES` centres ``m`` spread evenly over the logarithms of the levels, ``w``
    apart, and a shift of the bias of every hidden layer. The factor, :math:`\bar s` the geometric
    mean of the data's deviations, is that of Karras et al. (2022), Table 1 (arXiv:2206.00364), in
    the form of an energy: what the network adds to the score of the level's Gaussian then has one
    scale at all levels. A level is a chain, so that its derivatives have closed forms; several
    levels at once are differentiated by autograd. The last layer and ``W`` start at zero: every
    level starts as the data's Gaussian convolved with its noise.

    Arguments:
        mean: mean of the training rows, ``(d,)``.
        std: their standard deviation, ``(d,)``.
        levels: the noise levels, falling.
        hidden: widths of the hidden layers.
        activation: ``silu``, ``softplus`` or ``tanh``.
        residual: whether a hidden layer as wide as the one before it adds that one's output.
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
        residual: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(mean, std, levels)
        self.activation = activation
        self.skips = [False, *(residual and a == b for a, b in pairwise(hidden))]
        widths = [len(mean), *hidden]
        self.hidden = nn.ModuleList(
            linear(fan_in, fan_out, 1.0, generator) for fan_in, fan_out in pairwise(widths)
        )
        self.shifts = nn.ParameterList(
            nn.Parameter(torch.zeros(width, FEATURES, dtype=mean.dtype)) for width in hidden
        )
        self.last = linear(widths[-1], 1, 0.0, generator)

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
            residual=chosen.residual,
            generator=generator,
        )

    def condition(self, sigma: Tensor) -> Tensor:
        """Return ``c(σ)``, ``(…, FEATURES)`` for levels ``(…,)``."""
        high, low = self.levels[0].log(), self.levels[-1].log()
        width = (high - low) / (FEATURES - 1)
        # of one level all centres are there
        width = torch.where(width > 0, width, torch.ones_like(width))
        centres = low + width * torch.arange(FEATURES).to(width)
        return (-0.5 * ((sigma.log()[..., None] - centres) / width).square()).exp()

    def factor(self, sigma: Tensor) -> Tensor:
        """Return what the network is multiplied by, of the shape of ``sigma``."""
        return self.std.log().mean().exp() / sigma

    def chain_at(self, sigma: Tensor) -> Chain:
        rule, features = RULES[self.activation], self.condition(sigma)
        linears = [each for each in self.hidden if isinstance(each, nn.Linear)]
        layers = tuple(
            Layer(Dense(each.weight, each.bias + shift @ features), rule, skip)
            for each, shift, skip in zip(linears, self.shifts, self.skips, strict=True)
        )
        factor = self.factor(sigma)
        head = (self.last.weight * factor, self.last.bias * factor)
        return Chain(layers, head, self.mean, self.std_at(sigma), self.quadratic_at(sigma))

    def tilt(self, u: Tensor, sigma: Tensor) -> Tensor:
        bend = ACTIVATIONS[self.activation]()
        features = self.condition(sigma[:, 0])
        h = u
        for layer, shift, skip in zip(self.hidden, self.shifts, self.skips, strict=True):
            value = bend(layer(h) + features @ shift.T)
            h = value + h if skip else value
        f: Tensor = self.last(h) * self.factor(sigma)
        return f.squeeze(-1)
