"""What a check asks of a library."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import torch
from torch import Tensor

from ebmbench.studies.peers.setting import Quadratic

Loss = Callable[[Quadratic, Tensor, int], Tensor]
"""Of a model, rows and a seed: a scalar with a graph."""


@dataclass(frozen=True)
class Named:
    """A loss of a library under the name that the library gives it."""

    name: str
    loss: Loss


@dataclass(frozen=True)
class Estimate:
    """What a library says of ``log Z``."""

    name: str
    """How it was called."""
    value: float
    low: float
    high: float
    """The bracket that it gives: both directions with two standard errors."""
    refused: bool = False
    """Whether it says that the number is not to be used."""


class Library(ABC):
    """A library. A method that returns nothing says that it has no such thing."""

    name: str
    distribution: str

    def version(self) -> str | None:
        """Return the installed version, or ``None``: it is not installed."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None

    @abstractmethod
    def score_matching(self) -> list[Named]:
        """Return the losses whose expectation is that of exact score matching."""

    @abstractmethod
    def denoising(self) -> list[Named]:
        """Return denoising score matching with the noise of the setting."""

    @abstractmethod
    def discrepancy(self) -> list[Named]:
        """Return energy discrepancy with the noise of the setting."""

    @abstractmethod
    def contrast(self) -> Mapping[str, Callable[[float], float]]:
        """Return the derivative of contrastive losses in the normaliser, by how far it is off."""

    @abstractmethod
    def chains(self) -> list[Named]:
        """Return contrastive divergence with short chains that hardly move."""

    @abstractmethod
    def log_z(self, energy: Callable[[Tensor], Tensor], rows: Tensor) -> list[Estimate]:
        """Return estimates of ``log Z`` of a model of which rows are draws."""


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generator, from which other libraries draw, and put it back afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
