"""The contract of an energy."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

from ebmbench.energies.chain import Chain
from ebmbench.energies.own_sampler import OwnSampler


class Energy(nn.Module, ABC):
    r"""An unnormalised density :math:`p_\theta(x) = \exp(-E_\theta(x)) / Z_\theta`.

    A subclass is final. It computes in the dtype and on the device of its parameters and buffers.
    """

    @property
    @abstractmethod
    def dim(self) -> int:
        """Number of coordinates ``d`` of a point."""

    @property
    @abstractmethod
    def smooth(self) -> bool:
        """Whether ``E`` is twice differentiable in ``x`` (score matching needs it)."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return ``E(x)`` of shape ``(n,)`` for points ``x`` of shape ``(n, d)``."""

    @abstractmethod
    def log_z(self) -> Tensor | None:
        """Return the exact log partition function, differentiable in the parameters, or ``None``.

        ``None`` means that it is not known in closed form and must be estimated.
        """

    @property
    @abstractmethod
    def reference(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation, ``(d,)`` each, of the Gaussian where annealing starts."""

    @abstractmethod
    def chain(self) -> Chain | None:
        """Return the layers for the closed-form calculus, or ``None``: autograd serves then."""

    def sampler(self) -> OwnSampler | None:
        """Return how the model draws its own samples, if it can; by default it cannot.

        Where there is one, metrics of samples use it and their notes carry its word.
        """
        return None
