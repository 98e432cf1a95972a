r"""Energies of many noise levels, :math:`E_\theta(x, \sigma)`, seen as one energy a level."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.chain import Chain
from ebmbench.energies.gaussian import Gaussian
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.energies.quadratic import Quadratic
from ebmbench.energies.referenced import GaussianBuffers
from ebmbench.errors import EbmbenchError


class ConditionalEnergy(GaussianBuffers):
    r"""An unnormalised density for every standard deviation ``σ`` of added noise.

    .. math:: p_\theta(x; \sigma) \propto \exp(-E_\theta(x, \sigma)) \approx
              (p_{data} * N(0, \sigma^2 I))(x)

    A subclass is final and brings :meth:`at`. Taken as an ordinary energy it is that of its lowest
    level, which is what samplers, estimators of ``log Z`` and metrics look at, and what an
    objective of one level trains. An objective that trains all levels says ``needs_levels``.

    Arguments:
        mean: mean of the training rows, ``(d,)``.
        std: their standard deviation, ``(d,)``; correlations come by :meth:`start_at`.
        levels: the noise levels in the coordinates of the rows, falling.

    Raises:
        EbmbenchError: the levels are not positive and falling.
    """

    def __init__(self, mean: Tensor, std: Tensor, levels: Sequence[float]) -> None:
        super().__init__(mean, std)
        sigmas = torch.tensor(list(levels), dtype=mean.dtype)
        if not len(sigmas) or bool((sigmas <= 0).any()) or bool((sigmas.diff() >= 0).any()):
            raise EbmbenchError(f"noise levels are {list(levels)}, allowed: positive and falling")
        self.levels: Tensor
        self.register_buffer("levels", sigmas)

    @abstractmethod
    def at(self, sigma: float | Tensor) -> Energy:
        """Return the energy of a level, or of one level for each point; it shares parameters.

        Arguments:
            sigma: a number; or ``(n,)``, for points ``(n, d)`` that each have a level.
        """

    def gaussian_log_z(self, sigma: Tensor) -> Tensor:
        """Return ``log Z`` of the Gaussian of the rows with noise of each level, ``(n,)``.

        Arguments:
            sigma: ``(n,)``; gradients reach it.
        """
        variances = self.std.double() ** 2
        if self.root is not None:
            variances = torch.linalg.eigvalsh(self.kept.covariance).clamp_min(0)
        spread = 2 * math.pi * (variances.to(sigma) + sigma[:, None] ** 2)
        return 0.5 * spread.log().sum(-1)

    @property
    def lowest(self) -> Energy:
        """The energy of the lowest level."""
        return self.at(float(self.levels[-1]))

    @property
    def smooth(self) -> bool:
        return self.lowest.smooth

    @property
    def reference(self) -> Gaussian:
        return self.lowest.reference

    def log_z(self) -> Tensor | None:
        return self.lowest.log_z()

    def chain(self) -> Chain | None:
        return self.lowest.chain()

    def sampler(self) -> OwnSampler | None:
        return self.lowest.sampler()

    def forward(self, x: Tensor) -> Tensor:
        value: Tensor = self.lowest(x)
        return value


class TiltedLevels(ConditionalEnergy):
    """A conditional energy whose levels are Gaussians that one function tilts.

    A subclass is final and brings :meth:`tilt`; derivatives in ``x`` are by autograd, unless it
    brings :meth:`chain_at` too.
    """

    _found: tuple[Tensor, Tensor, Tensor, Tensor] | None = None
    """Root and deviations, and the spectrum that belongs to them."""

    @abstractmethod
    def tilt(self, u: Tensor, sigma: Tensor) -> Tensor:
        """Return ``f(u, σ)``, ``(n,)``: twice differentiable, of at most linear growth in ``u``.

        Arguments:
            u: points in units of their level's deviations, ``(n, d)``.
            sigma: the level of each, ``(n, 1)``.
        """

    def chain_at(self, sigma: Tensor) -> Chain | None:
        """Return the layers of one level, a scalar, for the closed-form calculus; none here."""
        return None

    def at(self, sigma: float | Tensor) -> Energy:
        return TiltedLevel(self, sigma)

    def std_at(self, sigma: Tensor) -> Tensor:
        """Return the deviations of a level's Gaussian, ``(d,)``, or ``(n, d)`` for ``(n, 1)``."""
        return (self.std**2 + sigma**2).sqrt()

    def square_at(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Return the energy of the level's Gaussian, ``(n,)``.

        Arguments:
            x: points, ``(n, d)``.
            sigma: the level of each, ``(n, 1)``.
        """
        centred = x - self.mean
        if self.root is None:
            return 0.5 * (centred / self.std_at(sigma)).square().sum(-1)
        axes, variances = self._spectrum(self.root)
        return 0.5 * ((centred @ axes).square() / (variances + sigma**2)).sum(-1)

    def quadratic_at(self, sigma: Tensor) -> Quadratic:
        """Return the same of one level, a scalar, in units of its deviations."""
        if self.root is None:
            return Quadratic()
        axes, variances = self._spectrum(self.root)
        return Quadratic((axes / (variances + sigma**2).sqrt()).T * self.std_at(sigma))

    def gaussian_at(self, sigma: Tensor) -> Gaussian:
        """Return the data's Gaussian convolved with the noise of one level, a scalar."""
        if self.root is None:
            return Gaussian(self.mean, self.std_at(sigma))
        noise = sigma.double() ** 2 * torch.eye(self.dim).to(self.mean).double()
        return Gaussian.of_moments(self.mean, self.kept.covariance + noise)

    def _spectrum(self, root: Tensor) -> tuple[Tensor, Tensor]:
        """Return the principal axes of the data, ``(d, d)`` by columns, and variances, ``(d,)``.

        Adding noise leaves the axes as they are. Found anew where the Gaussian is another one.
        """
        if self._found is None or self._found[0] is not root or self._found[1] is not self.std:
            variances, axes = torch.linalg.eigh(self.kept.covariance)
            self._found = root, self.std, axes.to(root), variances.clamp_min(0).to(root)
        return self._found[2:]


class TiltedLevel(Energy):
    r"""A level of a conditional energy as a Gaussian that a function tilts.

    .. math:: E_\theta(x, \sigma) = f_\theta(u, \sigma)
              + \tfrac12 (x - \mu)^\top (\Sigma + \sigma^2 I)^{-1} (x - \mu), \qquad
              u_i = (x_i - \mu_i) / \sqrt{\Sigma_{ii} + \sigma^2}

    With ``f`` zero a level is the data's Gaussian convolved with its noise, of known ``Z``.

    Arguments:
        owner: the conditional energy.
        sigma: a number, or ``(n,)``.
    """

    def __init__(self, owner: TiltedLevels, sigma: float | Tensor) -> None:
        super().__init__()
        self.owner = owner
        self.sigma = torch.as_tensor(sigma).to(owner.mean)

    @property
    def dim(self) -> int:
        return self.owner.dim

    @property
    def smooth(self) -> bool:
        return True

    @property
    def reference(self) -> Gaussian:
        if self.sigma.dim():
            raise EbmbenchError("points of several noise levels have no reference in common")
        return self.owner.gaussian_at(self.sigma)

    def log_z(self) -> None:
        return None

    def chain(self) -> Chain | None:
        return None if self.sigma.dim() else self.owner.chain_at(self.sigma)

    def forward(self, x: Tensor) -> Tensor:
        sigma = self.sigma.expand(len(x))[:, None]
        u = (x - self.owner.mean) / self.owner.std_at(sigma)
        return self.owner.tilt(u, sigma) + self.owner.square_at(x, sigma)
