"""Layers that start from a generator and nothing else."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from ebmbench.energies.rules import Rule, SiLU, Softplus, Tanh

Activation = Literal["silu", "softplus", "tanh"]
"""Twice differentiable, so that score matching is well posed."""

ACTIVATIONS: dict[Activation, type[nn.Module]] = {
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}
RULES: dict[Activation, Rule] = {"silu": SiLU(), "softplus": Softplus(), "tanh": Tanh()}
"""The same, for the closed forms."""


def linear(fan_in: int, fan_out: int, gain: float, generator: torch.Generator | None) -> nn.Linear:
    """Return a linear layer with normal weights of variance ``2 gain² / fan_in``.

    Arguments:
        fan_in: inputs.
        fan_out: outputs.
        gain: 1 for hidden layers (He et al. 2015); 0 makes the layer start at zero.
        generator: the source of the weights; ``None``: a fresh one with torch's default seed.
    """
    layer = nn.Linear(fan_in, fan_out, device="meta")
    start(layer, fan_in, gain, generator)
    return layer


def start(
    layer: nn.Linear | nn.Conv2d, fan_in: int, gain: float, generator: torch.Generator | None
) -> None:
    """Draw weights and biases as :func:`linear` says.

    The layer must have a bias and be on the meta device, where its constructor drew nothing from
    the global generator.
    """
    generator = generator or torch.Generator()
    # What `to_empty` does, which for this imports a library of symbolic mathematics.
    for name, parameter in list(layer.named_parameters()):
        setattr(layer, name, nn.Parameter(torch.empty(parameter.shape)))
    with torch.no_grad():
        layer.weight.normal_(0.0, 1.0, generator=generator).mul_(gain * (2.0 / fan_in) ** 0.5)
        assert layer.bias is not None
        layer.bias.normal_(0.0, 1.0, generator=generator).mul_(0.5 * gain)
