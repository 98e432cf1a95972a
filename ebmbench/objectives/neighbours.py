"""What the objectives share that compare each example with noisy copies of itself."""

from __future__ import annotations

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy


def energies_of_neighbours(
    energy: Energy, batch: Tensor, epsilon: float, copies: int, *, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return ``E(x)``, ``(b,)``, and ``E(x + ε ξ)`` of fresh copies, ``(κ, b)``.

    Gradients reach the parameters of the energy.

    Arguments:
        energy: the model.
        batch: examples, ``(b, d)``.
        epsilon: ``ε``, the standard deviation of the noise.
        copies: ``κ``, copies of each example.
        generator: the source of the noise.
    """
    b = len(batch)
    noise = batch.new_empty(copies, *batch.shape).normal_(generator=generator)
    near = (batch + epsilon * noise).flatten(0, 1)
    both = calculus.value(energy, torch.cat([batch, near]), create_graph=True)
    return both[:b], both[b:].view(copies, b)
