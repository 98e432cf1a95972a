"""The contract of an energy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from ebmbench.energies.chain import Chain
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.errors import EbmbenchError


class Energy(nn.Module, ABC):
    r"""An unnormalised density :math:`p_\theta(x) = \exp(-E_\theta(x)) / Z_\theta`.

    A subclass is final. It computes in the dtype and on the device of its parameters and buffers,
    of which it has at least one. All that it has learned is in its ``state_dict``: a run stores
    that, and builds the energy again by :meth:`create` on other rows before it is loaded. So the
    shapes of parameters and buffers depend on the options and on ``d``, not on the rows.
    """

    coordinates: ClassVar[tuple[str, ...]] = ("standardised", "whitened")
    """The coordinates of :mod:`ebmbench.energies.coordinates` in which it can be trained; where a
    method asks for others, the first are taken."""
    centred: ClassVar[bool] = True
    """Whether these coordinates put the mean of the rows to zero; not so for a model whose mean
    is zero by construction, which would have to learn another one."""
    levelled: ClassVar[type[Energy] | None] = None
    """The :class:`~ebmbench.energies.conditional.ConditionalEnergy` of the same network, with the
    same options and ``levels``, for methods that train many noise levels; ``None``: there is
    none."""

    @classmethod
    def create(cls, train: Tensor, generator: torch.Generator, **options: Any) -> Self:
        """Build the untrained energy of a task; what a card names must have it.

        Arguments:
            train: training rows, ``(n, d)``, for the location and scale of the start.
            generator: the source of the initial weights; nothing else is random.
            options: the card's ``[energy.options]``.

        Raises:
            EbmbenchError: an option is bad, or ``d`` is one that the energy cannot take.
        """
        raise EbmbenchError(f"energy {cls.__name__} has no `create`, so no card can name it")

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
    def reference(self) -> Gaussian:
        """The Gaussian where training and annealing start."""

    def start_at(self, reference: Gaussian) -> None:
        """Begin, before any training, as a Gaussian: that of the training rows.

        Called once after :meth:`create`. An energy that cannot, or that has a start of its own,
        leaves this as it is: nothing happens.
        """

    @abstractmethod
    def chain(self) -> Chain | None:
        """Return the layers for the closed-form calculus, or ``None``: autograd serves then."""

    def sampler(self) -> OwnSampler | None:
        """Return how the model draws its own samples, if it can; by default it cannot.

        Where there is one, metrics of samples use it and their notes carry its word.
        """
        return None
