"""What energies share that carry their reference Gaussian with them."""

from __future__ import annotations

from torch import Tensor

from ebmbench.energies.base import Energy


class ReferencedEnergy(Energy):
    """An energy whose reference Gaussian is two buffers.

    Arguments:
        mean: its mean ``μ``, ``(d,)``.
        std: its standard deviation ``σ``, ``(d,)``.
    """

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", std.clone())

    @property
    def dim(self) -> int:
        return len(self.mean)

    @property
    def reference(self) -> tuple[Tensor, Tensor]:
        return self.mean, self.std
