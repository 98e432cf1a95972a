"""The Gaussians where annealing and importance sampling start."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.base import device_and_dtype
from ebmbench.samplers.bridge import Bridge, StandardNormal
from ebmbench.samplers.target import in_coordinates


@dataclass(frozen=True)
class InitialGaussian:
    """The Gaussian of ``x = mean + factor z`` for standard normal ``z``.

    All estimators move in ``z``, where it is round.
    """

    mean: Tensor
    """``(d,)``."""
    factor: Tensor
    """Lower triangular, ``(d, d)``."""

    @classmethod
    def of_reference(cls, energy: Energy) -> InitialGaussian:
        """Return the reference of an energy."""
        mean, std = energy.reference
        return cls(mean.detach(), torch.diag(std.detach()))

    @classmethod
    def fitted(cls, energy: Energy, rows: Tensor) -> InitialGaussian:
        """Return the Gaussian with the moments of ``rows``, ``(n, d)``.

        The covariance is shrunk by one part in a thousand towards the variances of the energy's
        reference, so that constant or collinear columns do no harm.
        """
        device, dtype = device_and_dtype(energy)
        x = rows.double()
        std = energy.reference[1].detach().double().cpu()
        covariance = 0.999 * torch.cov(x.T).reshape(x.shape[1], x.shape[1])
        covariance = covariance + 0.001 * torch.diag(std.square())
        factor = torch.linalg.cholesky(covariance)
        return cls(x.mean(0).to(device, dtype), factor.to(device, dtype))

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.mean.numel()

    @property
    def log_z(self) -> float:
        """Return ``log ∫ exp(-½‖z‖²) dx``."""
        return self._in_z.log_z

    @property
    def _in_z(self) -> StandardNormal:
        log_det = float(self.factor.diagonal().double().log().sum())
        return StandardNormal(self.dim, self.mean, log_det)

    def bridge_to(self, energy: Energy) -> Bridge[StandardNormal]:
        """Return the geometric path from here to a model, in the coordinates of ``z``."""
        return Bridge(self._in_z, in_coordinates(energy, self.to_x, self.factor))

    def widened(self, scale: float) -> InitialGaussian:
        """Return the Gaussian with all deviations multiplied by ``scale``."""
        return InitialGaussian(self.mean, scale * self.factor)

    def to_x(self, z: Tensor) -> Tensor:
        """Return the points of ``z``, ``(n, d)``."""
        return self.mean + z @ self.factor.T

    def to_z(self, x: Tensor) -> Tensor:
        """Return the inverse of :meth:`to_x`."""
        centred = (x.to(self.mean) - self.mean).T
        z: Tensor = torch.linalg.solve_triangular(self.factor, centred, upper=False)
        return z.T
