"""The contracts of data: a loader, what it returns, and a density with known truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor


class Density(ABC):
    """A normalised density in the coordinates of the model, exact to rounding."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Number of coordinates ``d``."""

    @abstractmethod
    def log_prob(self, x: Tensor) -> Tensor:
        """Return the normalised log-density, ``(n,)``, of points ``x``, ``(n, d)``."""

    @abstractmethod
    def score(self, x: Tensor) -> Tensor:
        """Return ``∇ log p``, ``(n, d)``."""

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``, in float64."""


@dataclass(frozen=True)
class Modes:
    """The components of a mixture whose modes are separated."""

    centres: Tensor
    """``(m, d)``."""
    weights: Tensor
    """``(m,)``, summing to one."""


@dataclass(frozen=True)
class Dataset:
    """Rows ready for a model, float32 on the CPU."""

    train: Tensor
    """``(n, d)``."""
    validation: Tensor
    test: Tensor
    truth: Density | None = None
    """The density that the rows were drawn from, if it is known."""
    demixing: Tensor | None = None
    """ICA: the true ``B`` of shape ``(d, d)`` with sources ``s = B x`` for a column ``x``."""
    modes: Modes | None = None
    test_log_det: Tensor | None = None
    """``log |det|`` of the map from raw data to model coordinates at each test row, ``(n,)``;
    given where likelihood in raw units (bits per dimension) makes sense."""
    image_shape: tuple[int, int] | None = None
    """Height and width where rows are grey images in logit space."""
    outliers: Tensor | None = None
    """Rows of another kind in the same coordinates, ``(m, d)``, which no model is trained on."""
    log_det: float = 0.0
    """``log |det|`` of the map from the space that the task names to that of these rows: what
    their log-densities gain there, where likelihoods are reported. Zero of what a loader gives."""
    columns: tuple[str, ...] = ()
    """Names of the coordinates where each is a column of a table; empty: they have none."""

    @property
    def dim(self) -> int:
        """Number of coordinates ``d``."""
        return self.train.shape[1]


@dataclass(frozen=True)
class Sizes:
    """How many rows to use of each split; ``None``: all."""

    train: int | None = None
    validation: int | None = None
    test: int | None = None


class Loader(ABC):
    """Makes a :class:`Dataset`. A subclass is final and made by ``options``."""

    @abstractmethod
    def files(self) -> tuple[str | Path, ...]:
        """The files that must be there; empty: none.

        Names of :data:`ebmbench.datasets.store.FILES`, or paths. An option of type ``Path`` that
        is relative in a card begins at the folder of the card.
        """

    @abstractmethod
    def load(self, sizes: Sizes, seed: int, data_dir: Path | None) -> Dataset:
        """Return the rows; they depend on the options, ``sizes`` and ``seed`` alone.

        Raises:
            ebmbench.datasets.store.DataUnavailable: a file is missing and cannot be had.
            EbmbenchError: a file does not hold what it should.
        """
