r"""What tends to maximum likelihood or bounds it, each as a measured and a predicted value."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.studies.connections.base import Connection
from ebmbench.studies.connections.expectations import (
    fisher,
    gradient,
    grid_nodes,
    likelihood_gradient,
    log_partition,
    mean,
    noisy,
)
from ebmbench.studies.connections.setting import Setting, noise_nodes

NOISE_VARIANCE = 4.0
"""Of the noise of NCE and of the proposal of SNL, wider than the models."""


def de_bruijn(setting: Setting, t: float) -> tuple[Tensor, Tensor]:
    r"""T7: noise of variance ``t`` lowers the divergence at the rate of the Fisher divergence.

    :math:`(KL(p * N_t \| p_\theta * N_t) - KL(p \| p_\theta)) / t \to -D_F`. Noise leaves ``Z``
    alone, so it drops out.
    """

    def divergence(variance: float) -> Tensor:
        x, w = setting.nodes(extra_variance=variance)
        points, _, inner = noisy(x, torch.ones(len(x), dtype=x.dtype), math.sqrt(variance))
        terms = inner.log() - calculus.value(setting.energy, points)
        log_model = torch.logsumexp(terms.reshape(len(x), -1), 1)
        return mean(w, -calculus.value(setting.data(variance), x) - log_model)

    x, w = setting.nodes()
    return (divergence(t) - divergence(0.0)) / t, -fisher(setting.data(), setting.energy, x, w)


def nce_of_much_noise(setting: Setting, inverse: float) -> tuple[Tensor, Tensor]:
    """T11: the gradient of NCE at ``c = log Z`` tends to that of the likelihood as ``ν → ∞``."""
    x, w = setting.nodes(24)
    noise, volume = grid_nodes(x.shape[1])
    log_z = log_partition(setting.energy)

    def logit(points: Tensor) -> Tensor:
        log_model = -calculus.value(setting.energy, points, create_graph=True) - log_z
        return log_model - log_noise(points) + math.log(inverse)

    negative = volume * log_noise(noise).exp()
    loss = mean(w, softplus(-logit(x))) + mean(negative, softplus(logit(noise))) / inverse
    return gradient(setting.energy, loss), likelihood_gradient(setting.energy, x, w)


def energy_discrepancy_of_much_noise(setting: Setting, inverse: float) -> tuple[Tensor, Tensor]:
    """T12: differences of the energy discrepancy tend to those of the likelihood, ``t → ∞``."""
    t = 1 / inverse
    x, w = setting.nodes()
    far, weights = setting.nodes(10, extra_variance=t)
    grid, _ = grid_nodes(x.shape[1], count=121)
    kernel = -0.5 * torch.cdist(far, grid).square() / t

    def discrepancy(energy: Energy) -> Tensor:
        smoothed = torch.logsumexp(kernel - calculus.value(energy, grid), 1)
        return mean(w, calculus.value(energy, x)) + mean(weights, smoothed)

    def negative_log_likelihood(energy: Energy) -> Tensor:
        return mean(w, calculus.value(energy, x)) + log_partition(energy)

    return (
        discrepancy(setting.energy) - discrepancy(setting.other),
        negative_log_likelihood(setting.energy) - negative_log_likelihood(setting.other),
    )


def variational_bound(setting: Setting, _: float) -> tuple[Tensor, Tensor]:
    """T13: the bound of a sampler ``q`` lies above the likelihood by ``KL(q ‖ p_θ)``.

    Once with the data density for ``q`` and once with the model, where it is tight.
    """
    x, w = setting.nodes()
    data, energy = setting.data(), setting.energy
    positive, log_z = -mean(w, calculus.value(energy, x)), log_partition(energy)
    grid, volume = grid_nodes(x.shape[1])
    log_q = -calculus.value(data, grid)
    energies = calculus.value(energy, grid)
    log_p = -energies - log_z
    measured, predicted = [], []
    for log_sampler in (log_q, log_p):
        q = volume * log_sampler.exp()
        entropy = -mean(q, log_sampler)
        bound = positive + mean(q, energies) - entropy
        measured.append(bound - (positive - log_z))
        predicted.append(mean(q, log_sampler - log_p))
    return torch.stack(measured), torch.stack(predicted)


def self_normalised_bound(setting: Setting, _: float) -> tuple[Tensor, Tensor]:
    """T18: SNL lies below the likelihood by ``e^{−δ} + δ − 1`` with ``b = log Z + δ``."""
    energy, log_z = setting.energy, log_partition(setting.energy)
    z, w = noise_nodes(setting.means.shape[1], 80)
    proposals = math.sqrt(NOISE_VARIANCE) * z
    ratio = torch.exp(-calculus.value(energy, proposals) - log_noise(proposals))
    shifts = torch.tensor([-1.0, 0.0, 0.5, 2.0], dtype=torch.float64)
    b = log_z + shifts
    gap = b + torch.exp(-b) * mean(w, ratio) - 1 - log_z
    return gap, torch.exp(-shifts) + shifts - 1


def pseudo_spherical_limit(setting: Setting, gamma: float) -> tuple[Tensor, Tensor]:
    r"""T19: the pseudo-spherical score tends to the likelihood as ``γ → 0``.

    The loss is :math:`-\tfrac1\gamma \log E_p\,e^{-\gamma E}
    + \tfrac{1}{1 + \gamma} \log\int e^{-(1 + \gamma) E}`.
    """
    x, w = setting.nodes(24)
    grid, _ = grid_nodes(x.shape[1])
    energies = calculus.value(setting.energy, x, create_graph=True)
    data = torch.logsumexp(w.log() - gamma * energies, 0)
    everywhere = calculus.value(setting.energy, grid, create_graph=True)
    norm = torch.logsumexp(-(1 + gamma) * everywhere, 0)
    loss = -data / gamma + norm / (1 + gamma)
    return gradient(setting.energy, loss), likelihood_gradient(setting.energy, x, w)


def f_ebm_of_kl(setting: Setting, _: float) -> tuple[Tensor, Tensor]:
    r"""T19b: f-EBM with the Kullback-Leibler divergence has the gradient of the likelihood.

    :math:`E_p[h + E_\theta] - E_{p_\theta}[e^{h + E_\theta}]` with the critic ``h`` at its optimum
    :math:`\log p + \log Z_\theta` and held there; the gradient reaches the law of the second
    expectation too.
    """
    x, w = setting.nodes(24)
    data, energy = setting.data(), setting.energy
    grid, _ = grid_nodes(x.shape[1])
    energies = calculus.value(energy, grid, create_graph=True)
    log_model = torch.log_softmax(-energies, 0)
    # The normaliser of the data on the same nodes, so that the ratio is one of two tables.
    log_data = -calculus.value(data, grid)
    log_data = log_data - torch.logsumexp(log_data, 0)
    critic = log_data + torch.logsumexp(-energies.detach(), 0)
    first = mean(w, calculus.value(energy, x, create_graph=True))
    second = (log_model + critic + energies).exp().sum()
    return gradient(energy, first - second), likelihood_gradient(energy, x, w)


def log_noise(x: Tensor) -> Tensor:
    """Return the log-density of the noise, ``(n,)``, at ``x``, ``(n, d)``."""
    constant = 0.5 * x.shape[1] * math.log(2 * math.pi * NOISE_VARIANCE)
    return -0.5 * (x * x).sum(-1) / NOISE_VARIANCE - constant


TO_LIKELIHOOD: tuple[Connection, ...] = (
    Connection(
        "T7",
        "Noise lowers the Kullback-Leibler divergence at the rate of the Fisher divergence",
        "Lyu (2009), Thm. 1; Song & Kingma (2021), §4.3, factor 1 for 1/2",
        "t",
        1.0,
        de_bruijn,
    ),
    Connection(
        "T11",
        "NCE with much noise tends to maximum likelihood",
        "Gutmann & Hyvärinen (2012); Song & Kingma (2021), §5",
        "1/ν",
        1.0,
        nce_of_much_noise,
        of_gradients=True,
    ),
    Connection(
        "T12b",
        "The energy discrepancy of much noise tends to maximum likelihood",
        "Schröder et al. (2023)",
        "1/t",
        1.0,
        energy_discrepancy_of_much_noise,
    ),
    Connection(
        "T13",
        "A sampler's variational bound lies above the likelihood by its divergence to the model",
        "Song & Kingma (2021), Eq. 31",
        "",
        None,
        variational_bound,
    ),
    Connection(
        "T18",
        "The self-normalised likelihood lies below the likelihood, and touches it at b = log Z",
        "Self-normalised log-likelihood (2025, arXiv:2503.07021): log z ≤ z e^−b + b − 1",
        "",
        None,
        self_normalised_bound,
    ),
    Connection(
        "T19",
        "Pseudo-spherical contrastive divergence tends to maximum likelihood",
        "Yu et al. (2021)",
        "γ",
        1.0,
        pseudo_spherical_limit,
        of_gradients=True,
    ),
    Connection(
        "T19b",
        "f-EBM with the Kullback-Leibler divergence has the gradient of maximum likelihood",
        "Yu, Song, Song, Ermon (2020), Training Deep EBMs with f-Divergence Minimization",
        "",
        None,
        f_ebm_of_kl,
        of_gradients=True,
    ),
)
