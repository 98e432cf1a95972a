"""A model whose every loss has a closed form."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian

Make = Callable[..., Energy]


class GaussianEnergy(Energy):
    """``E(x) = ½ Σ λ_i (x_i - m_i)²``, which keeps its ``log Z`` to itself unless told."""

    def __init__(self, mean: list[float], precision: list[float], tells: bool = False) -> None:
        super().__init__()
        self.location = nn.Parameter(torch.tensor(mean, dtype=torch.float64))
        self.precision = nn.Parameter(torch.tensor(precision, dtype=torch.float64))
        self.tells = tells

    @property
    def dim(self) -> int:
        return len(self.location)

    @property
    def smooth(self) -> bool:
        return True

    @property
    def reference(self) -> Gaussian:
        one = torch.ones_like(self.location.detach())
        return Gaussian(0 * one, 1.5 * one)

    def exact_log_z(self) -> Tensor:
        return 0.5 * (2 * torch.pi / self.precision).log().sum()

    def log_z(self) -> Tensor | None:
        return self.exact_log_z() if self.tells else None

    def chain(self) -> None:
        return None

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * (self.precision * (x - self.location) ** 2).sum(-1)


@pytest.fixture
def gaussian_energy() -> Make:
    return GaussianEnergy


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(11)


@pytest.fixture
def rows(generator: torch.Generator) -> Tensor:
    """400 points of a correlated Gaussian, ``(400, 2)``."""
    z = torch.empty(400, 2, dtype=torch.float64).normal_(generator=generator)
    return z @ torch.tensor([[1.0, 0.5], [0.0, 0.8]], dtype=torch.float64) + 0.3
