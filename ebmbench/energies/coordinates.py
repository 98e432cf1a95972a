r"""The coordinates in which an energy is trained: a linear map fitted to training rows.

.. math:: u = A (x - c)

They decide where a network's units bend, what an isotropic noise blurs and how long a step of a
chain is. They do not decide the model: a density of ``u`` is one of ``x`` (:mod:`.pulled_back`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.gaussian import Gaussian

STANDARDISED, WHITENED = "standardised", "whitened"
KINDS = (STANDARDISED, WHITENED)


@dataclass(frozen=True, eq=False)
class Coordinates:
    """A linear map between rows ``x`` as a task names them and rows ``u`` as a model sees them."""

    centre: Tensor
    """``c``, ``(d,)``, float64."""
    matrix: Tensor
    """``A``, ``(d, d)``, float64; or, where it is diagonal, its diagonal, ``(d,)``."""

    @classmethod
    def of(cls, gaussian: Gaussian, kind: str, *, centred: bool = True) -> Coordinates:
        r"""Return the coordinates in which a Gaussian is standardised or white.

        White is :math:`A = C^{-1/2} \operatorname{diag}(\sigma)^{-1}` with the correlation matrix
        ``C`` of the Gaussian: of all whitening maps the one whose coordinates are most like the
        standardised ones, each of its own column (ZCA-cor; Kessy, Lewin & Strimmer 2018, The
        American Statistician 72(4), Sect. 3).

        Arguments:
            gaussian: fitted to training rows.
            kind: one of :data:`KINDS`.
            centred: whether its mean goes to zero; else zero stays where it is.
        """
        exact = gaussian.to(torch.empty(0, dtype=torch.float64))
        centre = exact.mean if centred else torch.zeros_like(exact.mean)
        if kind == STANDARDISED or exact.root is None:
            return cls(centre, 1 / exact.std)
        values, axes = torch.linalg.eigh(exact.root.T @ exact.root)
        return cls(centre, (axes * values.sqrt()) @ axes.T / exact.std)

    @property
    def dim(self) -> int:
        """Number of coordinates ``d``."""
        return len(self.centre)

    def on_cpu(self) -> Coordinates:
        """Return the same on the CPU, where rows lie."""
        return Coordinates(self.centre.cpu(), self.matrix.cpu())

    @property
    def full(self) -> Tensor:
        """``A`` as a matrix, ``(d, d)``."""
        return torch.diag(self.matrix) if self.matrix.dim() == 1 else self.matrix

    @property
    def inverse(self) -> Tensor:
        """``A⁻¹``, ``(d, d)``; or its diagonal, ``(d,)``."""
        if self.matrix.dim() == 1:
            return 1 / self.matrix
        inverse: Tensor = torch.linalg.inv(self.matrix)
        return inverse

    @property
    def log_det(self) -> float:
        """``log |det A|``: what a log-density of ``u`` gains as one of ``x``, in nats."""
        if self.matrix.dim() == 1:
            return float(self.matrix.abs().log().sum())
        return float(torch.linalg.slogdet(self.matrix)[1])

    def apply(self, x: Tensor) -> Tensor:
        """Return ``u`` of rows ``x``, ``(n, d)``: in float64, then in the precision of ``x``."""
        return _times(x.double() - self.centre, self.matrix).to(x.dtype)

    def invert(self, u: Tensor) -> Tensor:
        """Return ``x`` of rows ``u``, ``(n, d)``, likewise."""
        return (_times(u.double(), self.inverse) + self.centre).to(u.dtype)

    def reference(self, gaussian: Gaussian) -> Gaussian:
        """Return the law of ``u`` where ``x`` follows the Gaussian that the coordinates are of.

        White coordinates are independent, so that no product is ever paid for them.
        """
        mean = self.apply(gaussian.mean.double()[None])[0]
        root = gaussian.root if self.matrix.dim() == 1 else None
        return Gaussian(mean, torch.ones_like(mean), root)

    def pulled_back(self, gaussian: Gaussian) -> Gaussian:
        """Return the law of ``x`` where ``u`` follows a Gaussian."""
        mean = self.invert(gaussian.mean[None])[0]
        if self.matrix.dim() == 1:
            return Gaussian(mean, gaussian.std / self.matrix.abs().to(gaussian.std), gaussian.root)
        factor = self.inverse @ gaussian.factor.double()
        return Gaussian.of_moments(mean, factor @ factor.T)


def _times(rows: Tensor, matrix: Tensor) -> Tensor:
    return rows * matrix if matrix.dim() == 1 else rows @ matrix.T
