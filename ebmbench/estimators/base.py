"""The contract of a normalised reference that a user would compare an energy with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch

from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy


class Estimator(ABC):
    """A density estimator with known ``log Z``. A subclass is final and made by ``options``."""

    families: ClassVar[frozenset[str] | None]
    """Families of tasks that it can do; ``None``: all."""

    @classmethod
    def missing(cls) -> str | None:
        """Say in a sentence which package is not installed and how to get it; else nothing."""
        return None

    @abstractmethod
    def fit(self, dataset: Dataset, generator: torch.Generator) -> Energy:
        """Fit the training rows; hyper-parameters are chosen on the validation rows.

        Returns:
            An energy whose ``log_z`` is exact.
        """
