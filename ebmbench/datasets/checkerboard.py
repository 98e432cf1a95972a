r"""A checkerboard with softened edges.

.. math:: p(x) = \frac1{m} \sum_k \prod_{i=1}^2 \frac1{w}
          \Big[ \Phi\big(\tfrac{x_i - a_{ki}}{\sigma}\big) -
                \Phi\big(\tfrac{x_i - a_{ki} - w}{\sigma}\big) \Big]

The uniform law on ``m`` squares of side ``w`` with lower corners ``a_k``, convolved with
``N(0, σ² I)``: an exact density with a score, unlike the sharp one.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.special import log_ndtr

from ebmbench.datasets.base import Density
from ebmbench.datasets.mixture import CHUNK
from ebmbench.numerics import logsumexp


class SoftCheckerboard(Density):
    """Uniform on squares, blurred.

    Arguments:
        corners: lower corners of the squares, ``(m, 2)``.
        width: their side ``w``.
        std: the blur ``σ``.
    """

    def __init__(self, corners: Tensor, width: float, std: float) -> None:
        self.corners = corners.double()
        self.width = width
        self.std = std

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return 2

    def log_prob(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        parts = [
            logsumexp(self._log_factors(part).sum(-1), 1)
            for part in torch.split(x.double(), CHUNK)
        ]
        return (torch.cat(parts) - math.log(len(self.corners))).to(x.dtype)

    def score(self, x: Tensor) -> Tensor:
        r"""See :class:`~ebmbench.datasets.base.Density`.

        One factor ``Φ(a) − Φ(b)`` has the logarithmic derivative ``(φ(a) − φ(b)) / (σ (Φ(a) −
        Φ(b)))``, computed in logarithms so that it stays exact far outside.
        """
        parts = [self._score(part) for part in torch.split(x.double(), CHUNK)]
        return torch.cat(parts).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        k = torch.randint(len(self.corners), (n,), generator=generator)
        u = torch.rand(n, 2, generator=generator, dtype=torch.float64)
        z = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return self.corners[k] + self.width * u + self.std * z

    def _score(self, x: Tensor) -> Tensor:
        a, b = self._arguments(x)
        factors = self._log_factors(x)
        constant = 0.5 * math.log(2 * math.pi) + math.log(self.std) + math.log(self.width)
        slopes = torch.exp(-0.5 * a * a - constant - factors) - torch.exp(
            -0.5 * b * b - constant - factors
        )
        weights = torch.softmax(factors.sum(-1), 1)
        return (weights[..., None] * slopes).sum(1)

    def _arguments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a = (x[:, None, :] - self.corners) / self.std
        return a, a - self.width / self.std

    def _log_factors(self, x: Tensor) -> Tensor:
        """Logarithm of each square's density along each axis, ``(n, m, 2)``."""
        a, b = self._arguments(x)
        # Φ(a) − Φ(b) = Φ(−b) − Φ(−a): take the side where both tails are small.
        flip = a + b > 0
        upper, lower = torch.where(flip, -b, a), torch.where(flip, -a, b)
        log_upper: Tensor = log_ndtr(upper)
        difference = torch.log(-torch.expm1(log_ndtr(lower) - log_upper))
        return log_upper + difference - math.log(self.width)
