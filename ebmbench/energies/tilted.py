r"""What energies share that tilt a Gaussian by a network."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from ebmbench.energies.quadratic import Quadratic
from ebmbench.energies.referenced import ReferencedEnergy


class TiltedGaussian(ReferencedEnergy):
    r"""A network plus a Gaussian reference.

    .. math:: E_\theta(x) = f_\theta(u) + \tfrac12 \|R u\|^2, \qquad u = (x - \mu) / \sigma

    with ``R`` of the reference's correlations. The network :math:`f` must grow at most linearly,
    so that :math:`Z_\theta` is finite for all parameters, and start at zero, so that every method
    starts from the same Gaussian.

    Arguments:
        mean: the mean ``μ``, ``(d,)``.
        std: the standard deviation ``σ``, ``(d,)``; correlations come by :meth:`start_at`.
    """

    @property
    def smooth(self) -> bool:
        return True

    def log_z(self) -> None:
        return None

    @property
    def quadratic(self) -> Quadratic:
        """The energy of the reference, for :meth:`chain`."""
        return Quadratic(self.root)

    @abstractmethod
    def tilt(self, u: Tensor) -> Tensor:
        """Return ``f(u)``, ``(n,)``, of standardised points ``u``, ``(n, d)``."""

    def forward(self, x: Tensor) -> Tensor:
        u = (x - self.mean) / self.std
        return self.tilt(u) + self.quadratic.value(u)


def moments(train: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of rows ``(n, d)``, the latter above zero."""
    return train.mean(0), train.std(0).clamp_min(1e-6)
