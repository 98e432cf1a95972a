r"""A generator with Gaussian noise on top, and the gradient of its entropy.

.. math:: x = g(h) + \sigma\varepsilon, \qquad h \sim N(0, I), \quad \varepsilon \sim N(0, I)

The density ``q`` of ``x`` is not known, but its score is a mean over the ``h`` that may have made
``x``, and the entropy's gradient in the parameters φ of ``g`` and ``σ`` follows from it,

.. math:: \nabla_x \log q(x) = \frac{E[g(h') \mid x] - x}{\sigma^2}, \qquad
          \nabla_\phi H(q) = -E\Bigl[\Bigl(\frac{\partial x}{\partial\phi}\Bigr)^\top
          \nabla_x \log q(x)\Bigr].

Dieng, Ruiz, Blei & Titsias (2019, arXiv:1910.04302) take the mean by HMC; Grathwohl et al. (2021,
arXiv:2010.04230) by importance sampling from :math:`N(h, \eta^2)` about the ``h`` that did make
``x``, whose deviations ``η`` ascend the evidence bound of ``x``. The best ``η`` by that measure is
narrower than the posterior, so that the weights have no finite variance, and the mean stays near
the ``h`` it is taken about. What the generator follows is the product with ``h`` and ``ε``: for a
linear ``g`` in the plane twenty draws see 0.6 of 0.94 in its slope and 3.2 for 0.66 in ``σ``, so
the noise grows in the place of the generator. Draws three times as wide see 0.91 and 0.94, and
are what is used here; the rest falls as one over their number.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ebmbench import calculus
from ebmbench.energies.gaussian import Gaussian
from ebmbench.objectives.auxiliary import Auxiliary, Network

LEAST, MOST, START = 0.01, 0.3, 0.1
"""Of ``σ``, as published, and where it starts, which is not."""
START_DEVIATION = 0.1
"""Of ``η``."""


class NoisyGenerator(nn.Module):
    r"""The generator, :math:`g(h) = \mu + F h` plus a network, and ``σ`` between its bounds.

    Arguments:
        network: maps ``(n, d)`` to ``(n, d)``; where it is zero, ``x`` has the law of the Gaussian
            but for ``σ``.
        gaussian: with the mean ``μ`` and the covariance ``F Fᵀ``.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, network: nn.Module, gaussian: Gaussian) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", gaussian.mean)
        self.register_buffer("factor", gaussian.factor)
        share = (START - LEAST) / (MOST - LEAST)
        self.level = nn.Parameter(gaussian.mean.new_full((), math.log(share / (1 - share))))

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``g(h)``, ``(n, d)``, of ``h``, ``(n, d)``, and ``σ``, a scalar."""
        sigma = LEAST + (MOST - LEAST) * torch.sigmoid(self.level)
        return self.mean + h @ self.factor.T + self.network(h), sigma


class Deviations(nn.Module):
    """``η``: one number for each coordinate of ``h``.

    Arguments:
        dim: coordinates.
        like: a tensor whose precision and device it gets.
    """

    def __init__(self, dim: int, like: Tensor) -> None:
        super().__init__()
        self.log_deviations = nn.Parameter(like.new_full((dim,), math.log(START_DEVIATION)))

    def forward(self, h: Tensor) -> Tensor:
        """Return ``η``, ``(d,)``, whatever the rows ``h``."""
        return self.log_deviations.exp()


class EntropyGradient(NamedTuple):
    """What moves draws of a generator apart."""

    ascent: Tensor
    """:math:`-\\nabla_x \\log q(x)`, ``(n, d)``."""
    effective_share: Tensor
    """Mean effective sample size of the weights over their number, a scalar."""


def entropy_gradient(
    generator: Auxiliary,
    proposal: Auxiliary,
    x: Tensor,
    h: Tensor,
    *,
    draws: int,
    inflation: float,
    random: torch.Generator,
) -> EntropyGradient:
    """Estimate the negative score of the generator's density, without a graph.

    Arguments:
        generator: a :class:`NoisyGenerator`.
        proposal: a :class:`Deviations`.
        x: its draws, ``(n, d)``.
        h: what made them, ``(n, d)``.
        draws: from the proposal for each.
        inflation: factor on its deviations.
        random: their source.
    """
    n, d = h.shape
    eta = inflation * proposal(h[:0])
    z = h.new_empty(draws, n, d).normal_(generator=random)
    drawn = h + eta * z
    means, sigma = generator(drawn.reshape(-1, d))
    means = means.reshape(draws, n, -1)
    # Of the joint density over the proposal's, but for a constant.
    log_weights = _log_joint(x, drawn, means, sigma) + 0.5 * (z * z).sum(-1)
    weights = torch.softmax(log_weights, 0)
    mean = (weights[:, :, None] * means).sum(0)
    share = weights.square().sum(0).reciprocal().mean() / draws
    return EntropyGradient((x - mean) / sigma**2, share)


def evidence_bound(
    generator: Auxiliary, proposal: Network, x: Tensor, h: Tensor, z: Tensor
) -> Tensor:
    """Return the bound that ``η`` ascends, a scalar, but for a constant.

    Arguments:
        generator: a :class:`NoisyGenerator`, whose weights get no gradient.
        proposal: a :class:`Deviations` with a graph to its weights.
        x: draws of the generator, ``(n, d)``.
        h: what made them, ``(n, d)``.
        z: standard normal, ``(n, d)``.
    """
    eta = proposal(h[:0])
    drawn = h + eta * z
    means, sigma = generator.through(drawn)
    calculus.record(auxiliary=len(h))
    bound: Tensor = _log_joint(x, drawn, means, sigma).mean() + eta.log().sum()
    return bound


def _log_joint(x: Tensor, h: Tensor, means: Tensor, sigma: Tensor) -> Tensor:
    """Return ``log q(x, h)`` but for a constant that ``h`` does not change."""
    found: Tensor = -0.5 * (h * h).sum(-1) - 0.5 * ((x - means) / sigma).square().sum(-1)
    return found
