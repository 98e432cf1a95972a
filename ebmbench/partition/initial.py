"""The laws where annealing and importance sampling start."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.base import device_and_dtype
from ebmbench.samplers.bridge import Bridge, Origin, StandardNormal
from ebmbench.samplers.mixture_origin import MixtureOrigin
from ebmbench.samplers.target import in_coordinates


@dataclass(frozen=True, eq=False)
class InitialLaw(ABC):
    """A law of known density, and coordinates ``x = mean + factor z`` in which chains move."""

    mean: Tensor
    """``(d,)``."""
    factor: Tensor
    """Lower triangular, ``(d, d)``."""

    @property
    @abstractmethod
    def origin(self) -> Origin:
        """The law in the coordinates of ``z``."""

    @property
    @abstractmethod
    def words(self) -> str:
        """What it is, for notes."""

    @abstractmethod
    def widened(self, scale: float) -> InitialLaw:
        """Return the law with all deviations multiplied by ``scale``."""

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.mean.numel()

    @property
    def log_det(self) -> float:
        """Return ``log |det factor|``."""
        return float(self.factor.diagonal().double().log().sum())

    @property
    def log_z(self) -> float:
        """Return ``log ∫ q dx`` of the density that :attr:`origin` has, without its constant."""
        return self.origin.log_z

    def bridge_to(self, energy: Energy) -> Bridge[Origin]:
        """Return the geometric path from here to a model, in the coordinates of ``z``."""
        return Bridge(self.origin, in_coordinates(energy, self.to_x, self.factor))

    def to_x(self, z: Tensor) -> Tensor:
        """Return the points of ``z``, ``(n, d)``."""
        return self.mean + z @ self.factor.T

    def to_z(self, x: Tensor) -> Tensor:
        """Return the inverse of :meth:`to_x`."""
        centred = (x.to(self.mean) - self.mean).T
        z: Tensor = torch.linalg.solve_triangular(self.factor, centred, upper=False)
        return z.T


@dataclass(frozen=True, eq=False)
class InitialGaussian(InitialLaw):
    """The Gaussian of ``x = mean + factor z`` for standard normal ``z``.

    All estimators move in ``z``, where it is round.
    """

    @classmethod
    def of_reference(cls, energy: Energy) -> InitialGaussian:
        """Return the reference of an energy."""
        reference = energy.reference
        return cls(reference.mean.detach(), reference.factor.detach())

    @classmethod
    def fitted(cls, energy: Energy, rows: Tensor) -> InitialGaussian:
        """Return the Gaussian with the moments of ``rows``, ``(n, d)``.

        The covariance is shrunk by one part in a thousand towards the variances of the energy's
        reference, so that constant or collinear columns do no harm.
        """
        device, dtype = device_and_dtype(energy)
        x = rows.double()
        std = energy.reference.std.detach().double().cpu()
        covariance = 0.999 * torch.cov(x.T).reshape(x.shape[1], x.shape[1])
        covariance = covariance + 0.001 * torch.diag(std.square())
        factor = torch.linalg.cholesky(covariance)
        return cls(x.mean(0).to(device, dtype), factor.to(device, dtype))

    @property
    def origin(self) -> StandardNormal:
        """See :class:`InitialLaw`."""
        return StandardNormal(self.dim, self.mean, self.log_det)

    @property
    def words(self) -> str:
        """See :class:`InitialLaw`."""
        return "Gaussian"

    def widened(self, scale: float) -> InitialGaussian:
        """See :class:`InitialLaw`."""
        return InitialGaussian(self.mean, scale * self.factor)

    def within(self, mean: Tensor, covariance: Tensor) -> InitialGaussian:
        """Return the Gaussian that has these moments in the coordinates of ``z``.

        Arguments:
            mean: ``(d,)``.
            covariance: ``(d, d)``, positive definite.
        """
        factor = torch.linalg.cholesky(covariance.double())
        combined = self.factor.double().cpu() @ factor
        centre = self.to_x(mean[None].to(self.mean))[0]
        return InitialGaussian(centre, combined.to(self.factor))


@dataclass(frozen=True, eq=False)
class InitialMixture(InitialLaw):
    """A mixture in the coordinates ``x = mean + factor z``, where a typical component is round."""

    log_weights: Tensor
    """``(k,)``, float64 on the CPU, as are the next two."""
    means: Tensor
    """``(k, d)``, in ``z``."""
    factors: Tensor
    """``(k, d, d)`` or ``(k,)``; see :class:`~ebmbench.samplers.mixture_origin.MixtureOrigin`."""

    @property
    def origin(self) -> MixtureOrigin:
        """See :class:`InitialLaw`."""
        return MixtureOrigin(
            self.log_weights, self.means, self.factors, like=self.mean, log_det=self.log_det
        )

    @property
    def words(self) -> str:
        """See :class:`InitialLaw`."""
        return f"mixture of {len(self.means)} Gaussians"

    def widened(self, scale: float) -> InitialMixture:
        """Widen every component about its own mean; weights stay."""
        return InitialMixture(
            self.mean, self.factor, self.log_weights, self.means, scale * self.factors
        )

    def joined(self, mean: Tensor, factor: Tensor, weight: float) -> InitialMixture:
        """Return the mixture with one more component of full covariance.

        Arguments:
            mean: ``(d,)`` in ``z``.
            factor: lower triangular, ``(d, d)``.
            weight: its share.
        """
        factors = self.factors
        if factors.dim() == 1:
            factors = factors[:, None, None] * torch.eye(self.dim, dtype=torch.float64)
        rest = self.log_weights + math.log1p(-weight)
        return InitialMixture(
            self.mean,
            self.factor,
            torch.cat([rest, torch.tensor([math.log(weight)]).double()]),
            torch.cat([self.means, mean[None].double()]),
            torch.cat([factors, factor[None].double()]),
        )
