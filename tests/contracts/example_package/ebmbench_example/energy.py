"""A Gaussian that random cosines tilt, with trained amplitudes: bounded, always normalisable."""

import torch
from torch import nn

from ebmbench.energies.tilted import TiltedGaussian, moments


class Cosines(TiltedGaussian):
    def __init__(self, mean, std, frequencies, phases) -> None:
        super().__init__(mean, std)
        self.register_buffer("frequencies", frequencies)
        self.register_buffer("phases", phases)
        self.amplitudes = nn.Parameter(torch.zeros(len(phases)))

    @classmethod
    def create(cls, train, generator, count: int = 32):
        frequencies = 2 * torch.randn(train.shape[1], count, generator=generator)
        phases = 6.28 * torch.rand(count, generator=generator)
        return cls(*moments(train), frequencies, phases)

    def tilt(self, u):
        return torch.cos(u @ self.frequencies + self.phases) @ self.amplitudes

    def chain(self) -> None:
        return None
