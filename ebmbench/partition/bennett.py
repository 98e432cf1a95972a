r"""Bennett's acceptance ratio: the best point estimate from annealing in both directions.

With log-weights :math:`w` of forward chains (:math:`E e^w = Z`) and of reverse chains from exact
samples (:math:`E e^{-w} = 1/Z`), Crooks (1999) gives :math:`p_R(w) / p_F(w) = e^w / Z`. So telling
the two directions apart is a logistic regression of known slope whose intercept is ``log Z``, and
its maximum-likelihood estimate

.. math:: \sum_{F} \sigma(w - c + M) = \sum_{R} \sigma(-(w - c + M)), \qquad
          M = \log \frac{n_R}{n_F}

has the least asymptotic variance of all estimates from these numbers (Bennett 1976; Shirts, Bair,
Hooker & Pande 2003, Eq. 8 and 10).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def bennett(forward: Tensor, reverse: Tensor) -> tuple[float, float]:
    """Return the estimate of ``log Z`` and its asymptotic standard error.

    Arguments:
        forward: log-weights of the forward chains, ``(n_F,)``.
        reverse: log-weights of the reverse chains, ``(n_R,)``, in the same convention.
    """
    forward, reverse = forward.double(), reverse.double()
    shift = math.log(reverse.numel() / forward.numel())

    def excess(c: float) -> float:
        return float(
            torch.sigmoid(forward - c + shift).sum() - torch.sigmoid(c - reverse - shift).sum()
        )

    # The excess falls from plus to minus as c grows past all weights.
    both = torch.cat([forward, reverse])
    low, high = float(both.min()) - 50.0, float(both.max()) + 50.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    c = 0.5 * (low + high)
    p = torch.sigmoid(both - c + shift)
    information = float((p * (1 - p)).sum())
    variance = 1 / information - 1 / forward.numel() - 1 / reverse.numel()
    return c, math.sqrt(max(variance, 0.0))
