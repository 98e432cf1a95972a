r"""A deep kernel exponential family over a Gaussian reference measure."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import softplus

from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.layers import linear
from ebmbench.energies.tilted import TiltedGaussian, moments
from ebmbench.options import build, options

Positive = Annotated[float, Field(gt=0)]
Width = Annotated[int, Field(gt=0)]


@options
class DKEFOptions:
    """Options of ``[energy.options]`` for ``kind = "dkef"``."""

    points: Width = 200
    bandwidths: Annotated[list[Positive], Field(min_length=1)] = Field(
        default_factory=lambda: [1.0, 3.3, 10.0]
    )
    hidden: Annotated[list[Width], Field(min_length=1)] = Field(
        default_factory=lambda: [30, 30, 30]
    )


class Features(nn.Module):
    """A softplus network with a linear skip from its input to its output, ``(n, width)``."""

    def __init__(self, dim: int, hidden: list[int], generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            linear(fan_in, fan_out, 1.0, generator) for fan_in, fan_out in pairwise([dim, *hidden])
        )
        self.skip = linear(dim, hidden[-1], 0.5**0.5, generator)

    def forward(self, u: Tensor) -> Tensor:
        """Return the features of standardised points ``u``, ``(n, d)``."""
        h = u
        for k, layer in enumerate(self.layers):
            h = layer(h if k == 0 else softplus(h))
        features: Tensor = h + self.skip(u)
        return features


class DKEFEnergy(TiltedGaussian):
    r"""Gaussian kernels between learned features of a point and of inducing points.

    .. math:: f_\theta(u) = -\sum_{l=1}^{L} \alpha_l \sum_r \rho_r
              \exp\Bigl(-\frac{\|\phi_r(u) - \phi_r(z_l)\|^2}{2\sigma_r^2}\Bigr)

    Wenliang et al. (2019), Eq. 2-4 (arXiv:1811.08357), the energy that Song et al. (2019) train by
    score matching in Sect. 5.1. There ``α`` solves a regularised least-squares problem inside
    every step; here every parameter is trained by gradient, so that any objective fits it. ``ρ_r``
    is a softmax of free numbers.

    Arguments:
        mean: the mean ``μ``, ``(d,)``.
        std: the standard deviation ``σ``, ``(d,)``.
        inducing: first inducing points in standardised units, ``(L, d)``; trained.
        bandwidths: ``σ_r`` of the kernels at the start; trained.
        hidden: widths of the layers of each ``φ_r``.
        generator: the source of the initial weights.
    """

    def __init__(
        self,
        mean: Tensor,
        std: Tensor,
        inducing: Tensor,
        bandwidths: list[float],
        *,
        hidden: list[int],
        generator: torch.Generator,
    ) -> None:
        super().__init__(mean, std)
        self.inducing = nn.Parameter(inducing.clone())
        self.weights = nn.Parameter(torch.zeros(len(inducing)))
        self.log_bandwidths = nn.Parameter(torch.tensor(bandwidths).log())
        self.mixing = nn.Parameter(torch.zeros(len(bandwidths)))
        self.features = nn.ModuleList(Features(len(mean), hidden, generator) for _ in bandwidths)

    @classmethod
    def create(cls, train: Tensor, generator: torch.Generator, **options: Any) -> DKEFEnergy:
        """Build the energy for training rows ``(n, d)``, some of which are the inducing points."""
        chosen = build(DKEFOptions, options, "energy.options")
        mean, std = moments(train)
        picked = torch.randint(len(train), (chosen.points,), generator=generator)
        inducing = (train[picked] - mean) / std
        return cls(
            mean, std, inducing, chosen.bandwidths, hidden=chosen.hidden, generator=generator
        )

    def start_at(self, reference: Gaussian) -> None:
        inducing = self.mean + self.std * self.inducing
        super().start_at(reference)
        with torch.no_grad():
            self.inducing.copy_((inducing - self.mean) / self.std)

    def chain(self) -> None:
        return None

    def tilt(self, u: Tensor) -> Tensor:
        kernels = torch.zeros(())
        shares = torch.softmax(self.mixing, 0)
        for share, log_sigma, phi in zip(shares, self.log_bandwidths, self.features, strict=True):
            a, b = phi(u), phi(self.inducing)
            squares = (a * a).sum(1, keepdim=True) + (b * b).sum(1) - 2 * a @ b.T
            kernels = kernels + share * torch.exp(-0.5 * squares * (-2 * log_sigma).exp())
        f: Tensor = -(kernels @ self.weights)
        return f
