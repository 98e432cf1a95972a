r"""The model on which losses are looked at, and the rows.

.. math:: E_a(x) = \tfrac{a}{2} \|x\|^2

with one parameter: every loss has a derivative in ``a`` that is known in closed form.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

ROWS = 256
IMAGE = (1, 8, 8)
SIGMA = 0.5
"""Standard deviation of the noise of denoising score matching and of each blur."""


class Quadratic(nn.Module):
    """``E(x) = a ‖x‖² / 2`` of points of any shape, which keeps the points that it saw last.

    Arguments:
        a: the precision.
        image: whether points are images, ``(n, 1, 8, 8)``; they go through a convolution by one,
            which takes nothing else.
        value: what energies are multiplied by; not a number in the check of that.
    """

    def __init__(self, a: float, image: bool = False, value: float = 1.0) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a))
        self.image = image
        self.value = value
        self.seen = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the energies, ``(n,)``."""
        self.seen = x.detach()
        if self.image:
            x = nn.functional.conv2d(x, torch.ones(1, 1, 1, 1, dtype=x.dtype, device=x.device))
        squares: Tensor = x.flatten(1).square().sum(1)
        return self.value * 0.5 * self.a * squares


def white_rows(dim: int, n: int = ROWS) -> Tensor:
    """Return rows whose mean is zero and whose covariance is the unit matrix, to rounding."""
    z = torch.randn(n, dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = z - z.mean(0)
    factor = torch.linalg.cholesky(z.T @ z / n)
    white: Tensor = torch.linalg.solve_triangular(factor, z.T, upper=False)
    return white.T.float()


def wide_rows(dim: int, n: int = ROWS) -> Tensor:
    """Return rows with a deviation of 1.2, so that no optimum is at one."""
    return 1.2 * torch.randn(n, dim, generator=torch.Generator().manual_seed(1))
