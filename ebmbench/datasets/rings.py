r"""Concentric circles with Gaussian noise around them, in closed form.

.. math:: p(x) = \frac1m \sum_k \frac{1}{2\pi\sigma^2}
          \exp\Big(-\frac{(r - R_k)^2}{2\sigma^2}\Big)\, e^{-\kappa_k} I_0(\kappa_k),
          \qquad r = \|x\|,\; \kappa_k = r R_k / \sigma^2

which is the uniform law on each circle convolved with ``N(0, σ² I)``: the integral over the angle
is the modified Bessel function ``I_0`` (DLMF 10.32.1), scaled so that it does not overflow.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.special import i0e, i1e

from ebmbench.datasets.base import Density
from ebmbench.numerics import logsumexp


class NoisyRings(Density):
    """Uniform on circles around the origin, plus isotropic noise.

    Arguments:
        radii: the radii ``R``, ``(m,)``; each circle has the same probability.
        std: standard deviation of the noise ``σ``.
    """

    def __init__(self, radii: Tensor, std: float) -> None:
        self.radii = radii.double()
        self.std = std

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return 2

    def log_prob(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        r: Tensor = torch.linalg.vector_norm(x.double(), dim=1, keepdim=True)
        constant = math.log(2 * math.pi * self.std**2 * len(self.radii))
        return (logsumexp(self._log_terms(r), 1) - constant).to(x.dtype)

    def score(self, x: Tensor) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`; zero at the origin, by symmetry."""
        points = x.double()
        r: Tensor = torch.linalg.vector_norm(points, dim=1, keepdim=True)
        kappa = r * self.radii / self.std**2
        pulls: Tensor = (self.radii * i1e(kappa) / i0e(kappa) - r) / self.std**2
        slope: Tensor = (torch.softmax(self._log_terms(r), 1) * pulls).sum(1, keepdim=True)
        directions = points / r.clamp_min(torch.finfo(r.dtype).tiny)
        return (slope * directions).to(x.dtype)

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """See :class:`~ebmbench.datasets.base.Density`."""
        k = torch.randint(len(self.radii), (n,), generator=generator)
        angle = 2 * math.pi * torch.rand(n, generator=generator, dtype=torch.float64)
        circle = self.radii[k, None] * torch.stack([angle.cos(), angle.sin()], 1)
        return circle + self.std * torch.randn(n, 2, generator=generator, dtype=torch.float64)

    def _log_terms(self, r: Tensor) -> Tensor:
        """Logarithm of each ring's density at radius ``r`` ``(n, 1)``, up to a constant."""
        kappa = r * self.radii / self.std**2
        log_bessel: Tensor = i0e(kappa).log()
        return log_bessel - 0.5 * ((r - self.radii) / self.std) ** 2
