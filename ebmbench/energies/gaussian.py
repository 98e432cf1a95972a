r"""The Gaussian from which energies start, and where chains begin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.seeds import normal_like

RIDGE = 1e-6
"""Share of a unit matrix in a fitted correlation matrix: enough for a Cholesky factor of collinear
columns, and too little to move the likelihood of any table by a thousandth of a nat a column."""
LEAST_STD = 1e-6
"""Standard deviation that a constant column is taken to have."""


@dataclass(frozen=True)
class Gaussian:
    r"""A Gaussian with the marginal deviations and the correlations apart.

    .. math:: x \sim N(\mu, \Sigma), \qquad
              (x - \mu)^\top \Sigma^{-1} (x - \mu) = \|R u\|^2, \quad u = (x - \mu) / \sigma

    A root of the inverse, and not the inverse, keeps sums of squares exact in single precision
    where columns are nearly collinear.
    """

    mean: Tensor
    """``μ``, ``(d,)``."""
    std: Tensor
    """``σ``, ``(d,)``: the square root of the diagonal of ``Σ``."""
    root: Tensor | None = None
    """``R``, lower triangular ``(d, d)``: the inverse of the Cholesky factor of the correlation
    matrix. ``None``: the coordinates are independent, and no product is paid."""

    @classmethod
    def fitted(cls, rows: Tensor) -> Gaussian:
        r"""Return the Gaussian of maximum likelihood, with :data:`RIDGE` on the correlations.

        With the sample correlations ``C`` and the ridge ``r`` the fitted ones are
        :math:`(C + r I) / (1 + r)`; the deviations stay what they are.

        Arguments:
            rows: training rows, ``(n, d)``; moments are taken in float64.
        """
        x = rows.double()
        mean, std = x.mean(0), x.std(0, correction=0).clamp_min(LEAST_STD)
        u = (x - mean) / std
        correlation = u.T @ u / len(u)
        # of a constant column too
        correlation.fill_diagonal_(1.0)
        correlation.mul_(1 / (1 + RIDGE)).fill_diagonal_(1.0)
        return cls(mean, std, _root(correlation)).to(rows)

    @classmethod
    def of_moments(cls, mean: Tensor, covariance: Tensor) -> Gaussian:
        """Return the Gaussian of a mean, ``(d,)``, and a positive definite covariance ``(d, d)``.

        In the precision and on the device of the mean.
        """
        exact = covariance.double()
        std = exact.diagonal().sqrt()
        root = _root(exact / std / std[:, None])
        return cls(mean.double(), std, root).to(mean)

    @classmethod
    def standard(cls, dim: int) -> Gaussian:
        """Return the standard normal density of ``dim`` independent coordinates."""
        return cls(torch.zeros(dim), torch.ones(dim))

    def to(self, like: Tensor) -> Gaussian:
        """Return it in the precision and on the device of a tensor."""
        root = None if self.root is None else self.root.to(like)
        return Gaussian(self.mean.to(like), self.std.to(like), root)

    @property
    def dim(self) -> int:
        """Number of coordinates ``d``."""
        return len(self.mean)

    @property
    def factor(self) -> Tensor:
        """The lower Cholesky factor of ``Σ``, ``(d, d)``."""
        if self.root is None:
            return torch.diag(self.std)
        eye = torch.eye(self.dim, dtype=torch.float64, device=self.root.device)
        inverse = torch.linalg.solve_triangular(self.root.double(), eye, upper=False)
        factor: Tensor = (self.std[:, None] * inverse).to(self.std)
        return factor

    @property
    def covariance(self) -> Tensor:
        """``Σ``, ``(d, d)``, in float64."""
        factor = self.factor.double()
        return factor @ factor.T

    @property
    def log_z(self) -> float:
        """Return ``log ∫ exp(log_density) dx``, in nats."""
        log_det = float(self.std.double().log().sum())
        if self.root is not None:
            log_det -= float(self.root.diagonal().double().log().sum())
        return 0.5 * self.dim * math.log(2 * math.pi) + log_det

    def whiten(self, x: Tensor) -> Tensor:
        """Return ``R u``, ``(n, d)``: standard normal for ``x``, ``(n, d)``, of this law."""
        u = (x - self.mean) / self.std
        return u if self.root is None else u @ self.root.T

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` points, ``(n, d)``."""
        z = normal_like(self.mean.expand(n, -1), generator)
        if self.root is not None:
            z = torch.linalg.solve_triangular(self.root, z.T, upper=False).T
        return self.mean + self.std * z

    def log_density(self, x: Tensor) -> Tensor:
        """Return ``-½‖R u‖²``, ``(n,)``: the log-density without its constant."""
        z = self.whiten(x)
        return -0.5 * (z * z).sum(-1)

    def score(self, x: Tensor) -> Tensor:
        """Return ``∇ log p``, ``(n, d)``."""
        z = self.whiten(x)
        return -(z if self.root is None else z @ self.root) / self.std


def _root(correlation: Tensor) -> Tensor:
    """Return the inverse of the lower Cholesky factor, ``(d, d)``."""
    factor = torch.linalg.cholesky(correlation)
    eye = torch.eye(len(factor), dtype=factor.dtype, device=factor.device)
    root: Tensor = torch.linalg.solve_triangular(factor, eye, upper=False)
    return root
