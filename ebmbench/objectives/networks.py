"""The perceptrons beside an energy: critics and generators."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ebmbench.energies.layers import linear


def perceptron(
    inputs: int, width: int, outputs: int, gain: float, *, like: Tensor, generator: torch.Generator
) -> nn.Sequential:
    """Return a network with two hidden layers of SiLU units.

    Arguments:
        inputs: columns of a row.
        width: units in each hidden layer.
        outputs: columns of what it returns.
        gain: of the last layer; 0 makes the network start at zero.
        like: whose precision and device it gets.
        generator: the source of the weights; one number is drawn from it.
    """
    # The weights are drawn on the CPU, wherever the rows are.
    drawn = torch.randint(2**31, (1,), generator=generator, device=generator.device)
    source = torch.Generator().manual_seed(int(drawn))
    layers = nn.Sequential(
        linear(inputs, width, 1.0, source),
        nn.SiLU(),
        linear(width, width, 1.0, source),
        nn.SiLU(),
        linear(width, outputs, gain, source),
    )
    return layers.to(like)
