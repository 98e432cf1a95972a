r"""Divergences between densities of which only the log-ratio is at hand.

.. math:: D_f(p \| q) = \int q\, f(p / q)\,dx
          = \max_T\; E_p[T] - E_q[f^*(T)], \qquad T = f'(p / q)

Nguyen, Wainwright & Jordan (2010, arXiv:0809.0853); Nowozin, Cseke & Tomioka (2016,
arXiv:1606.00709). In terms of :math:`u = \log p / q` the two functions of the bound are
:math:`f'(e^u)` and :math:`f^*(f'(e^u)) = e^u f'(e^u) - f(e^u)`, so ``f`` itself is not needed:

================== ========================================= ================== ==================
name               ``f(r)``                                  ``f'(eᵘ)``         ``f*(f'(eᵘ))``
================== ========================================= ================== ==================
kl                 ``r log r``                               ``1 + u``          ``eᵘ``
reverse-kl         ``-log r``                                ``-e⁻ᵘ``           ``u - 1``
jensen-shannon     ``r log r - (r + 1) log ½(r + 1)``        ``log 2σ(u)``      ``-log 2σ(-u)``
squared-hellinger  ``(√r - 1)²``                             ``1 - e⁻ᵘᐟ²``      ``eᵘᐟ² - 1``
================== ========================================= ================== ==================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn.functional import logsigmoid

DivergenceName = Literal["kl", "reverse-kl", "jensen-shannon", "squared-hellinger"]


@dataclass(frozen=True)
class Divergence:
    """An ``f`` by what its variational bound consists of; both map log-ratios to their shape."""

    slope: Callable[[Tensor], Tensor]
    """``f'(eᵘ)``, averaged over the data."""
    conjugate: Callable[[Tensor], Tensor]
    """``f*(f'(eᵘ))``, averaged over the model."""

    def bound(self, data: Tensor, model: Tensor) -> Tensor:
        """Return the estimate of the bound, a scalar in nats or, of Hellinger, without a unit.

        Arguments:
            data: log-ratios ``u`` at rows of the data, ``(b,)``.
            model: the same at draws of the model, ``(m,)``.
        """
        return self.slope(data).mean() - self.conjugate(model).mean()


DIVERGENCES: Mapping[DivergenceName, Divergence] = {
    "kl": Divergence(lambda u: 1 + u, lambda u: u.exp()),
    "reverse-kl": Divergence(lambda u: -(-u).exp(), lambda u: u - 1),
    "jensen-shannon": Divergence(
        lambda u: math.log(2) + logsigmoid(u), lambda u: -math.log(2) - logsigmoid(-u)
    ),
    "squared-hellinger": Divergence(lambda u: 1 - (-0.5 * u).exp(), lambda u: (0.5 * u).exp() - 1),
}
