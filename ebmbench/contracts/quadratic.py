r"""Quadratic energies of known score, of one noise level or of many."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ebmbench.energies.conditional import TiltedLevels

LEVELS = (1.0, 0.3, 0.1)


class QuadraticLevels(TiltedLevels):
    r""":math:`E(x, \sigma) = \tfrac a2 \|x\|^2 / (1 + \sigma^2)` in the plane.

    Its score is :math:`-a x / (1 + \sigma^2)`: with ``a = 1`` that of a standard normal density
    convolved with its noise.

    Arguments:
        slope: ``a``.
    """

    def __init__(self, slope: float) -> None:
        super().__init__(torch.zeros(2), torch.ones(2), LEVELS)
        self.slope = nn.Parameter(torch.tensor(slope))

    def tilt(self, u: Tensor, sigma: Tensor) -> Tensor:
        """See :class:`~ebmbench.energies.conditional.TiltedLevels`."""
        return 0.5 * (self.slope - 1) * (u * u).sum(-1)
