from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ebmbench.energies.mixture import GaussianMixtureEnergy


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(20)


@pytest.fixture
def mixture() -> GaussianMixtureEnergy:
    """Two correlated, unequal, overlapping components: nothing about it is symmetric."""
    return GaussianMixtureEnergy(
        torch.tensor([0.7, 0.3]).double(),
        torch.tensor([[0.0, 0.0], [1.5, -1.0]]).double(),
        torch.tensor([[[1.0, 0.6], [0.6, 1.0]], [[0.3, 0.0], [0.0, 0.6]]]).double(),
    )


@pytest.fixture
def z_score() -> Callable[[Tensor], float]:
    """Mean of independent values in units of its standard error."""

    def of(values: Tensor) -> float:
        return abs(float(values.mean() / (values.std() / len(values) ** 0.5)))

    return of
