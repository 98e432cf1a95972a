"""Energies on the line with one parameter, whose every estimate has a known limit."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from ebmbench.energies.base import Energy
from ebmbench.energies.gaussian import Gaussian


class LineEnergy(Energy):
    """What the energies here share: one coordinate, float64, derivatives by autograd."""

    @property
    def dim(self) -> int:
        """See :class:`~ebmbench.energies.base.Energy`."""
        return 1

    @property
    def smooth(self) -> bool:
        """See :class:`~ebmbench.energies.base.Energy`."""
        return True

    @property
    def reference(self) -> Gaussian:
        """The standard normal law, that of the data up to the place of modes."""
        return Gaussian.standard(1).to(torch.empty(0, dtype=torch.float64))

    def chain(self) -> None:
        """See :class:`~ebmbench.energies.base.Energy`."""
        return


class PrecisionEnergy(LineEnergy):
    r"""A centred Gaussian, :math:`E(x) = \tfrac12 \lambda x^2`, which keeps its ``Z`` to itself.

    Arguments:
        precision: ``λ``.
    """

    def __init__(self, precision: float) -> None:
        super().__init__()
        self.precision = nn.Parameter(torch.tensor(precision, dtype=torch.float64))

    def log_z(self) -> None:
        """See :class:`~ebmbench.energies.base.Energy`."""
        return

    def forward(self, x: Tensor) -> Tensor:
        """Return ``E(x)``, ``(n,)``, of ``x``, ``(n, 1)``."""
        return 0.5 * self.precision * x[:, 0] ** 2


class QuarticEnergy(LineEnergy):
    r"""A density with light tails, :math:`E(x) = \tfrac14 \theta x^4`: no Gaussian fits it.

    Arguments:
        theta: ``θ``, above zero.
    """

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta, dtype=torch.float64))

    def log_z(self) -> None:
        """See :class:`~ebmbench.energies.base.Energy`."""
        return

    def forward(self, x: Tensor) -> Tensor:
        """Return ``E(x)``, ``(n,)``, of ``x``, ``(n, 1)``."""
        return 0.25 * self.theta * x[:, 0] ** 4


class PairEnergy(LineEnergy):
    r"""Two unit Gaussians at ``±m`` with the weight of the right one free; ``log Z = 0``.

    Arguments:
        separation: ``2m``.
        logit: log-odds of the weight.
    """

    def __init__(self, separation: float, logit: float = 0.0) -> None:
        super().__init__()
        self.offset = 0.5 * separation
        self.logit = nn.Parameter(torch.tensor(logit, dtype=torch.float64))

    def log_z(self) -> Tensor:
        """See :class:`~ebmbench.energies.base.Energy`."""
        return torch.zeros((), dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``E(x)``, ``(n,)``, of ``x``, ``(n, 1)``."""
        right = logsigmoid(self.logit) - 0.5 * (x[:, 0] - self.offset) ** 2
        left = logsigmoid(-self.logit) - 0.5 * (x[:, 0] + self.offset) ** 2
        return 0.5 * math.log(2 * math.pi) - torch.logaddexp(left, right)
