r"""The Stein kernel of the inverse multiquadric."""

from __future__ import annotations

import torch
from torch import Tensor


def stein_kernel(x: Tensor, s: Tensor, scale: Tensor) -> Tensor:
    r"""Return ``u(x_i, x_j)``, ``(n, n)``.

    .. math:: u(x, y) = s_x^\top s_y k + s_x^\top \nabla_y k + s_y^\top \nabla_x k
        + \mathrm{tr} \nabla_x \nabla_y k, \qquad k = (1 + \|x - y\|^2 / \ell^2)^{-1/2}

    Liu, Lee & Jordan (2016), Thm. 3.6; its mean over independent ``x, y`` of one law is the
    squared kernel Stein discrepancy of that law to the model. Gradients flow to the scores.

    Arguments:
        x: points, ``(n, d)``.
        s: the model's scores there, ``(n, d)``.
        scale: ``ℓ²``, a scalar.
    """
    squares = torch.cdist(x, x).square()
    root = (1 + squares / scale).rsqrt()
    along = s @ x.T
    # s_x · (x - y) - s_y · (x - y), with x the row and y the column
    drift = along.diagonal()[:, None] - along - along.T + along.diagonal()[None, :]
    cube = root**3 / scale
    return s @ s.T * root + (drift + x.shape[1]) * cube - 3 * squares / scale**2 * root**5
