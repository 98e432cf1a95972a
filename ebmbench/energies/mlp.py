r"""A multilayer perceptron over a Gaussian reference measure."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from ebmbench.energies.base import Energy
from ebmbench.energies.chain import Chain
from ebmbench.energies.layers import ACTIVATIONS, Activation, linear
from ebmbench.energies.rules import Rule, SiLU, Softplus, Tanh
from ebmbench.options import build, options

RULES: dict[Activation, Rule] = {"silu": SiLU(), "softplus": Softplus(), "tanh": Tanh()}


@options
class MLPOptions:
    """Options of ``[energy.options]`` for ``kind = "mlp"``."""

    hidden: Annotated[list[Annotated[int, Field(gt=0)]], Field(min_length=1)]
    activation: Activation = "silu"


class MLPEnergy(Energy):
    r"""A network plus a Gaussian reference.

    .. math:: E_\theta(x) = f_\theta(u) + \tfrac12 \|u\|^2, \qquad u = (x - \mu) / \sigma

    The network :math:`f` grows at most linearly, so :math:`Z_\theta` is finite for all parameters.
    Its last layer starts at zero weight, so that every method starts from the same Gaussian.

    Arguments:
        mean: the mean ``μ``, ``(d,)``.
        std: the standard deviation ``σ``, ``(d,)``.
        hidden: widths of the hidden layers.
        activation: ``silu``, ``softplus`` or ``tanh``: all twice differentiable.
        generator: the source of the initial weights.
    """

    def __init__(
        self,
        mean: Tensor,
        std: Tensor,
        hidden: list[int],
        activation: Activation = "silu",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", std.clone())
        self.activation = activation
        widths = [len(mean), *hidden]
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(widths):
            layers += [linear(fan_in, fan_out, 1.0, generator), ACTIVATIONS[activation]()]
        layers.append(linear(widths[-1], 1, 0.0, generator))
        self.network = nn.Sequential(*layers)

    @classmethod
    def create(cls, train: Tensor, generator: torch.Generator, **values: object) -> MLPEnergy:
        """Build the energy for training rows ``(n, d)``: ``μ`` and ``σ`` are theirs."""
        chosen = build(MLPOptions, values, "energy.options")
        mean, std = train.mean(0), train.std(0).clamp_min(1e-6)
        return cls(mean, std, chosen.hidden, chosen.activation, generator)

    @property
    def dim(self) -> int:
        return len(self.mean)

    @property
    def smooth(self) -> bool:
        return True

    @property
    def reference(self) -> tuple[Tensor, Tensor]:
        return self.mean, self.std

    def log_z(self) -> None:
        return None

    def chain(self) -> Chain:
        *layers, last = [layer for layer in self.network if isinstance(layer, nn.Linear)]
        return Chain(
            tuple(layer.weight for layer in layers),
            tuple(layer.bias for layer in layers),
            (RULES[self.activation],) * len(layers),
            (last.weight, last.bias),
            self.mean,
            self.std,
            quadratic=True,
        )

    def forward(self, x: Tensor) -> Tensor:
        u = (x - self.mean) / self.std
        f: Tensor = self.network(u)
        return f.squeeze(-1) + 0.5 * (u * u).sum(-1)
