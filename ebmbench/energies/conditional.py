r"""Energies of many noise levels, :math:`E_\theta(x, \sigma)`, seen as one energy a level."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.energies.chain import Chain
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.errors import EbmbenchError


class ConditionalEnergy(Energy):
    r"""An unnormalised density for every standard deviation ``σ`` of added noise.

    .. math:: p_\theta(x; \sigma) \propto \exp(-E_\theta(x, \sigma)) \approx
              (p_{data} * N(0, \sigma^2 I))(x)

    A subclass is final and brings :meth:`at`. Taken as an ordinary energy it is that of its lowest
    level, which is what samplers, estimators of ``log Z`` and metrics look at, and what an
    objective of one level trains. An objective that trains all levels says ``needs_levels``.

    Arguments:
        mean: mean of the training rows, ``(d,)``.
        std: their standard deviation, ``(d,)``.
        levels: the noise levels in units of the data, falling.

    Raises:
        EbmbenchError: the levels are not positive and falling.
    """

    def __init__(self, mean: Tensor, std: Tensor, levels: Sequence[float]) -> None:
        super().__init__()
        sigmas = torch.tensor(list(levels), dtype=mean.dtype)
        if not len(sigmas) or bool((sigmas <= 0).any()) or bool((sigmas.diff() >= 0).any()):
            raise EbmbenchError(f"noise levels are {list(levels)}, allowed: positive and falling")
        self.mean: Tensor
        self.std: Tensor
        self.levels: Tensor
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", std.clone())
        self.register_buffer("levels", sigmas)

    @abstractmethod
    def at(self, sigma: float | Tensor) -> Energy:
        """Return the energy of a level, or of one level for each point; it shares parameters.

        Arguments:
            sigma: a number; or ``(n,)``, for points ``(n, d)`` that each have a level.
        """

    @property
    def lowest(self) -> Energy:
        """The energy of the lowest level."""
        return self.at(float(self.levels[-1]))

    @property
    def dim(self) -> int:
        return len(self.mean)

    @property
    def smooth(self) -> bool:
        return self.lowest.smooth

    @property
    def reference(self) -> tuple[Tensor, Tensor]:
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

    A subclass is final and brings :meth:`tilt`; derivatives in ``x`` are by autograd.
    """

    @abstractmethod
    def tilt(self, u: Tensor, sigma: Tensor) -> Tensor:
        """Return ``f(u, σ)``, ``(n,)``: twice differentiable, of at most linear growth in ``u``.

        Arguments:
            u: points in units of their level's Gaussian, ``(n, d)``.
            sigma: the level of each, ``(n, 1)``.
        """

    def at(self, sigma: float | Tensor) -> Energy:
        return TiltedLevel(self, sigma)


class TiltedLevel(Energy):
    r"""A level of a conditional energy as a Gaussian that a function tilts, without closed forms.

    .. math:: E_\theta(x, \sigma) = f_\theta(u, \sigma) + \tfrac12 \|u\|^2, \qquad
              u = (x - \mu) / \sqrt{s^2 + \sigma^2}

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
    def reference(self) -> tuple[Tensor, Tensor]:
        if self.sigma.dim():
            raise EbmbenchError("points of several noise levels have no reference in common")
        return self.owner.mean, (self.owner.std**2 + self.sigma**2).sqrt()

    def log_z(self) -> None:
        return None

    def chain(self) -> None:
        return None

    def forward(self, x: Tensor) -> Tensor:
        sigma = self.sigma.expand(len(x))[:, None]
        u = (x - self.owner.mean) / (self.owner.std**2 + sigma**2).sqrt()
        return self.owner.tilt(u, sigma) + 0.5 * (u * u).sum(-1)
