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
    def jet(self, a: Tensor, order: int) -> list[Tensor]:
        """Return ``[φ(a), φ'(a), …]`` up to the derivative ``order``, which is 0, 1, 2 or 3.

        All at once, since they share the one expensive function; without a graph, and each a
        tensor that may be kept but not changed.
        """


class SiLU(Rule):
    r""":math:`\varphi(a) = a\,\sigma(a)` with the logistic function ``σ``.

    .. math:: \varphi' = \sigma + a \sigma', \quad
              \varphi'' = \sigma'(2 + a - 2\varphi), \quad
              \varphi''' = \sigma'\bigl(3 - 6\sigma + a(1 - 6\sigma')\bigr)

    with :math:`\sigma' = \sigma - \sigma^2`; few passes over memory each.
    """

    def jet(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        if order == 0:
            return [F.silu(a)]
        s = torch.sigmoid(a)
        value, bump = a * s, torch.addcmul(s, s, s, value=-1)
        found = [value, torch.addcmul(s, a, bump)]
        if order > 1:
            found.append(torch.sub(a, value, alpha=2).add_(2).mul_(bump))
        if order > 2:
            bend = torch.addcmul(a, a, bump, value=-6)
            found.append(bend.sub_(s, alpha=6).add_(3).mul_(bump))
        return found


class Softplus(Rule):
    r""":math:`\varphi(a) = \log(1 + e^a)`."""

    def jet(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        found = [F.softplus(a)]
        if order > 0:
            found.append(torch.sigmoid(a))
        if order > 1:
            found.append(torch.addcmul(found[1], found[1], found[1], value=-1))
        if order > 2:
            found.append((1 - 2 * found[1]).mul_(found[2]))
        return found


class Tanh(Rule):
    r""":math:`\varphi(a) = \tanh a`."""

    def jet(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        t = torch.tanh(a)
        found = [t]
        if order > 0:
            found.append(1 - t * t)
        if order > 1:
            found.append((-2 * t).mul_(found[1]))
        if order > 2:
            found.append((4 - 6 * found[1]).mul_(found[1]))
        return found


class LogisticSource(Rule):
    r"""Negative log-density of a logistic source, :math:`\varphi(a) = a + 2\log(1 + e^{-a})`."""

    def jet(self, a: Tensor, order: int) -> list[Tensor]:
        """See :class:`Rule`."""
        found = [a + 2 * F.softplus(-a)]
        if order > 0:
            t = torch.tanh(0.5 * a)
            found.append(t)
        if order > 1:
            found.append(0.5 * (1 - t * t))
        if order > 2:
            found.append(-t * found[2])
        return found
