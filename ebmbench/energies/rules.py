r"""Elementwise nonlinearities with their first three derivatives, in closed form."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor
from torch.nn import functional as F


class Rule(ABC):
    r"""A function :math:`\varphi` applied to every entry of a pre-activation ``a``.

    A new nonlinearity is one subclass; every operator of :mod:`ebmbench.calculus`
    follows from it.
    """

    @abstractmethod
    def value(self, a: Tensor) -> Tensor:
        """Return ``φ(a)``."""

    @abstractmethod
    def derivatives(self, a: Tensor, order: int) -> list[Tensor]:
        """Return ``[φ'(a), …]`` up to ``order``, which is 1, 2 or 3."""


class SiLU(Rule):
    r""":math:`\varphi(a) = a\,\sigma(a)` with the logistic function ``σ``."""

    def value(self, a: Tensor) -> Tensor:
        """See :class:`Rule`."""
        return F.silu(a)

    def derivatives(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        s = torch.sigmoid(a)
        rest = 1 - s
        found = [s * (1 + a * rest)]
        if order > 1:
            s1 = s * rest
            s2 = s1 * (rest - s)
            found.append(2 * s1 + a * s2)
        if order > 2:
            found.append(3 * s2 + a * (s2 * (rest - s) - 2 * s1 * s1))
        return found


class Softplus(Rule):
    r""":math:`\varphi(a) = \log(1 + e^a)`."""

    def value(self, a: Tensor) -> Tensor:
        """See :class:`Rule`."""
        return F.softplus(a)

    def derivatives(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        s = torch.sigmoid(a)
        found = [s]
        if order > 1:
            found.append(s * (1 - s))
        if order > 2:
            found.append(found[1] * (1 - 2 * s))
        return found


class Tanh(Rule):
    r""":math:`\varphi(a) = \tanh a`."""

    def value(self, a: Tensor) -> Tensor:
        """See :class:`Rule`."""
        return torch.tanh(a)

    def derivatives(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        t = torch.tanh(a)
        first = 1 - t * t
        found = [first]
        if order > 1:
            found.append(-2 * t * first)
        if order > 2:
            found.append(first * (6 * t * t - 2))
        return found


class LogisticSource(Rule):
    r"""Negative log-density of a logistic source, :math:`\varphi(a) = a + 2\log(1 + e^{-a})`."""

    def value(self, a: Tensor) -> Tensor:
        """See :class:`Rule`."""
        return a + 2 * F.softplus(-a)

    def derivatives(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        t = torch.tanh(0.5 * a)
        found = [t]
        if order > 1:
            found.append(0.5 * (1 - t * t))
        if order > 2:
            found.append(-t * found[1])
        return found


class Identity(Rule):
    r""":math:`\varphi(a) = a`: the end of a network."""

    def value(self, a: Tensor) -> Tensor:
        """See :class:`Rule`."""
        return a

    def derivatives(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        return [torch.ones_like(a), *[torch.zeros_like(a)] * (order - 1)]
