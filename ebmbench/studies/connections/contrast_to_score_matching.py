r"""What tells data from moved data and tends to score matching, measured and predicted.

Contrastive divergence, noise-contrastive estimation and their kin; the notation is that of
:mod:`~ebmbench.studies.connections.within_score_matching`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ebmbench import calculus
from ebmbench.objectives.brier_cnce import quadratic_score
from ebmbench.studies.connections.base import Connection
from ebmbench.studies.connections.expectations import gradient, hyvarinen, mean, noisy
from ebmbench.studies.connections.setting import Setting, noise_nodes


def contrastive_divergence_limit(setting: Setting, epsilon: float) -> tuple[Tensor, Tensor]:
    """T6: the gradient of one-step Langevin CD, over ``ε²``, tends to half that of ``D_F``."""
    x, w = setting.nodes(16)
    s = calculus.score(setting.energy, x)
    z, wz = noise_nodes(x.shape[1], 10)
    moved = (x + 0.5 * epsilon**2 * s)[:, None, :] + epsilon * z
    weights = (w[:, None] * wz).flatten()
    positive = mean(w, calculus.value(setting.energy, x, create_graph=True))
    negative = calculus.value(setting.energy, moved.flatten(0, 1), create_graph=True)
    contrast = gradient(setting.energy, positive - mean(weights, negative))
    expected = mean(w, hyvarinen(setting.energy, x, create_graph=True))
    return contrast / epsilon**2, 0.5 * gradient(setting.energy, expected)


def nce_limit(setting: Setting, size: float) -> tuple[Tensor, Tensor]:
    """T8: NCE against data moved by ``v`` tends to sliced score matching along ``v``."""
    x, w = setting.nodes()
    direction = torch.linspace(1.0, 0.5, x.shape[1], dtype=x.dtype)
    v = (direction / direction.norm()).expand_as(x)
    loss = sum(
        softplus(calculus.value(setting.energy, x) - calculus.value(setting.energy, x + step * v))
        for step in (size, -size)
    )
    first, second = calculus.directional(setting.energy, x, v)
    measured = (mean(w, torch.as_tensor(loss)) - 2 * math.log(2)) / size**2
    return measured, 0.5 * mean(w, 0.5 * first**2 + second)


def _pair_differences(setting: Setting, epsilon: float) -> tuple[Tensor, Tensor]:
    """``E(x) − E(x + ε ξ)`` over all node pairs, and their weights."""
    x, w = setting.nodes(16)
    points, _, weights = noisy(x, w, epsilon)
    start = calculus.value(setting.energy, x).repeat_interleave(len(points) // len(x))
    return start - calculus.value(setting.energy, points), weights


def _expected_hyvarinen(setting: Setting) -> Tensor:
    x, w = setting.nodes(16)
    return mean(w, hyvarinen(setting.energy, x))


def cnce_limit(setting: Setting, epsilon: float) -> tuple[Tensor, Tensor]:
    """T9: conditional NCE with symmetric noise tends to score matching."""
    difference, weights = _pair_differences(setting, epsilon)
    loss = 2 * mean(weights, softplus(difference))
    return (loss - 2 * math.log(2)) / epsilon**2, 0.5 * _expected_hyvarinen(setting)


def quadratic_score_limit(setting: Setting, epsilon: float) -> tuple[Tensor, Tensor]:
    """T21: conditional contrast by the quadratic score, as trained, tends to score matching."""
    difference, weights = _pair_differences(setting, epsilon)
    loss = mean(weights, quadratic_score(-difference))
    return (loss - 1) / epsilon**2, 0.5 * _expected_hyvarinen(setting)


def mpf_limit(setting: Setting, epsilon: float) -> tuple[Tensor, Tensor]:
    """T10: minimum probability flow with a Gaussian kernel tends to score matching."""
    difference, weights = _pair_differences(setting, epsilon)
    flow = mean(weights, torch.exp(0.5 * difference))
    return (flow - 1) / epsilon**2, 0.25 * _expected_hyvarinen(setting)


def cnce_is_cd(setting: Setting, epsilon: float) -> tuple[Tensor, Tensor]:
    """T16: the CNCE gradient is that of CD with Barker's acceptance as its kernel."""
    x, w = setting.nodes(12)
    points, _, weights = noisy(x, w, epsilon, 6)
    centres = noisy(x, w, 0.0, 6)[0]
    start = calculus.value(setting.energy, centres, create_graph=True)
    end = calculus.value(setting.energy, points, create_graph=True)
    cnce = gradient(setting.energy, mean(weights, softplus(start - end)))
    accept = torch.sigmoid(start - end).detach()
    start = calculus.value(setting.energy, centres, create_graph=True)
    end = calculus.value(setting.energy, points, create_graph=True)
    contrast = mean(weights, start - (accept * end + (1 - accept) * start))
    return cnce, gradient(setting.energy, contrast)


def energy_discrepancy_limit(setting: Setting, t: float) -> tuple[Tensor, Tensor]:
    """T12: the energy discrepancy over ``t`` tends to score matching as ``t`` shrinks."""
    x, w = setting.nodes(12)
    points, _, weights = noisy(x, w, math.sqrt(t), 8)
    around, _, inner = noisy(points, torch.ones(len(points), dtype=x.dtype), math.sqrt(t), 8)
    energies = calculus.value(setting.energy, around).reshape(len(points), -1)
    smoothed = torch.logsumexp(-energies + inner.reshape(len(points), -1).log(), dim=1)
    loss = mean(w, calculus.value(setting.energy, x)) + mean(weights, smoothed)
    return loss / t, _expected_hyvarinen(setting)


def telescoping_limit(setting: Setting, step: float) -> tuple[Tensor, Tensor]:
    r"""T17: telling ``p_t`` from ``p_{t+δ}`` tends to matching the score in time.

    With the logit :math:`\delta g`, :math:`(L - \log 2) / \delta^2` tends to
    :math:`\tfrac18 E[(g - \partial_t \log p_t)^2 - (\partial_t \log p_t)^2]`. The path is the data
    under growing noise, where :math:`\partial_t \log p_t = \tfrac12(|s|^2 + \nabla\cdot s)`.
    """
    time = 0.5

    def half(at: float, sign: float) -> Tensor:
        x, w = setting.nodes(extra_variance=at)
        return mean(w, softplus(-sign * step * calculus.value(setting.energy, x)))

    # centred, so that the first-order terms of both ends cancel
    loss = 0.5 * (half(time + 0.5 * step, 1.0) + half(time - 0.5 * step, -1.0))
    x, w = setting.nodes(extra_variance=time)
    s, trace = calculus.score_and_laplacian(setting.data(time), x)
    rate = 0.5 * ((s * s).sum(-1) + trace)
    g = calculus.value(setting.energy, x)
    predicted = 0.125 * mean(w, (g - rate) ** 2 - rate**2)
    return (loss - math.log(2)) / step**2, predicted


CONTRAST_TO_SCORE_MATCHING: tuple[Connection, ...] = (
    Connection(
        "T6",
        "One-step Langevin CD tends to score matching: gradient → (ε²/2) ∇D_F",
        "Hyvärinen (2007); Song & Kingma (2021), §4.3, sign of the ascent direction corrected",
        "ε",
        2.0,
        contrastive_divergence_limit,
        of_gradients=True,
    ),
    Connection(
        "T8",
        "NCE against shifted data tends to sliced score matching",
        "Gutmann & Hirayama (2011); Song & Kingma (2021), Eq. 26-29, prefactor 1/2 for 1/4",
        "|v|",
        2.0,
        nce_limit,
    ),
    Connection(
        "T9",
        "Conditional NCE tends to score matching",
        "Ceylan & Gutmann (2018), Eq. 62",
        "ε",
        2.0,
        cnce_limit,
    ),
    Connection(
        "T10",
        "Minimum probability flow tends to score matching",
        "Sohl-Dickstein et al. (2011)",
        "ε",
        2.0,
        mpf_limit,
    ),
    Connection(
        "T12",
        "The energy discrepancy tends to score matching",
        "Schröder et al. (2023)",
        "t",
        1.0,
        energy_discrepancy_limit,
    ),
    Connection(
        "T16",
        "CNCE is contrastive divergence with Barker's kernel",
        "Olmin et al. (2024)",
        "",
        None,
        cnce_is_cd,
        of_gradients=True,
    ),
    Connection(
        "T17",
        "Telling neighbours on a path apart tends to matching the score in time",
        "Rhodes et al. (2020); Choi et al. (2022), Prop. 3",
        "δ",
        2.0,
        telescoping_limit,
    ),
    Connection(
        "T21",
        "Conditional noise contrast with the Brier score tends to score matching",
        "The argument of Ceylan & Gutmann (2018), App. B, for the quadratic score",
        "ε",
        2.0,
        quadratic_score_limit,
    ),
)
