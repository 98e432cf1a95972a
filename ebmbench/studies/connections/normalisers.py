r"""What objectives that learn ``log Z`` tend to, and what their ``log Z`` is.

The logit is :math:`G = -E - c - \log p_n`, and the noise the Gaussian of
:mod:`~ebmbench.studies.connections.to_likelihood`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.objectives.n2ce import noisier_terms
from ebmbench.objectives.nce import logistic_loss
from ebmbench.partition.bennett import bennett
from ebmbench.studies.connections.base import Connection
from ebmbench.studies.connections.expectations import grid_nodes, log_partition, mean
from ebmbench.studies.connections.setting import Setting, noise_nodes
from ebmbench.studies.connections.to_likelihood import NOISE_VARIANCE, log_noise

OFFSET = 0.3
"""Of ``c`` from ``log Z``, so that the limit is looked at away from the optimum."""
POINTS = 400


def noisier_limit(setting: Setting, inverse: float) -> tuple[Tensor, Tensor]:
    r"""T20: noisier contrast of magnitude ``M``, as trained, tends to the self-normalised bound.

    :math:`L - 1 \to E_p[E] + c + E_{p_n} e^{G} - 1 + E_p[\log p_n]`, of which the last term
    belongs to the data alone.
    """
    x, w = setting.nodes()
    c = log_partition(setting.energy) + OFFSET
    z, wz = noise_nodes(x.shape[1], 80)
    proposals = math.sqrt(NOISE_VARIANCE) * z
    data, noise = (
        -calculus.value(setting.energy, points) - c - log_noise(points)
        for points in (x, proposals)
    )
    positive, negative = noisier_terms(data, noise, 1 / inverse)
    measured = mean(w, positive) + mean(wz, negative) - 1
    bound = mean(w, calculus.value(setting.energy, x)) + c + mean(wz, noise.exp()) - 1
    return measured, bound + mean(w, log_noise(x))


def contrast_in_log_z(setting: Setting, _: float) -> tuple[Tensor, Tensor]:
    """T22: with the model's own samples as data, NCE in ``c`` alone is Bennett's ratio.

    Noise and half as many samples of the model, the latter from a grid; ``c`` is found by
    Newton's method on the loss as trained.
    """
    random = torch.Generator().manual_seed(0)
    grid, _volume = grid_nodes(setting.energy.dim)
    weights = torch.softmax(-calculus.value(setting.energy, grid), 0)
    samples = grid[torch.multinomial(weights, POINTS // 2, replacement=True, generator=random)]
    noise = samples.new_empty(POINTS, samples.shape[1]).normal_(generator=random)
    reverse, forward = (
        -calculus.value(setting.energy, points) - log_noise(points)
        for points in (samples, math.sqrt(NOISE_VARIANCE) * noise)
    )
    c = forward.mean().requires_grad_()
    for _step in range(50):
        loss, _accuracy = logistic_loss(reverse - c, forward - c)
        (slope,) = torch.autograd.grad(loss, c, create_graph=True)
        (curvature,) = torch.autograd.grad(slope, c)
        c = (c - (slope / curvature).clamp(-1, 1)).detach().requires_grad_()
    return c.detach(), torch.tensor(bennett(forward, reverse)[0], dtype=c.dtype)


NORMALISERS: tuple[Connection, ...] = (
    Connection(
        "T20",
        "Noisier NCE tends to the self-normalised likelihood, up to a constant of the data",
        "Yu et al. (2026, arXiv:2405.16730); Senetaire et al. (2025, arXiv:2503.07021)",
        "1/M",
        1.0,
        noisier_limit,
        steps=(0.01, 0.005, 0.0025, 0.00125),
    ),
    Connection(
        "T22",
        "NCE in the normaliser alone is Bennett's acceptance ratio",
        "Bennett (1976); Gutmann & Hyvärinen (2012), Eq. 3; Shirts et al. (2003), Eq. 8",
        "",
        None,
        contrast_in_log_z,
    ),
)
