"""Normalised densities in closed form, taken as energies."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from ebmbench.energies.own_sampler import EXACT, OwnSampler
from ebmbench.energies.referenced import ReferencedEnergy


class ClosedDensity(ReferencedEnergy):
    """A smooth energy with ``log Z = 0`` and exact samples; its reference has its moments."""

    @property
    def smooth(self) -> bool:
        return True

    def chain(self) -> None:
        return None

    def log_z(self) -> Tensor:
        return self.mean.new_zeros(())

    def sampler(self) -> OwnSampler:
        return OwnSampler(EXACT, self.sample)

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` exact samples, ``(n, d)``."""
