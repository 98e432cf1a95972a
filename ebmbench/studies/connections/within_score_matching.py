r"""The score-matching losses among themselves, each as a measured and a predicted value.

Notation: :math:`s = \nabla_x \log p_\theta`,
:math:`J(x) = \tfrac12 |s|^2 + \nabla\cdot s` (Hyvärinen 2005, Eq. 4; Song & Kingma 2021, Eq. 8,
which prints the sign of the second term reversed) and
:math:`D_F = \tfrac12 E_p |\nabla\log p - s|^2` (Eq. 7).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from ebmbench import calculus
from ebmbench.energies.base import Energy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.objectives.dsm_cv import reduced_loss
from ebmbench.studies.connections.base import Connection
from ebmbench.studies.connections.expectations import fisher, hyvarinen, mean, noisy
from ebmbench.studies.connections.setting import Setting


def hyvarinen_identity(setting: Setting, _: float) -> tuple[Tensor, Tensor]:
    """T1: differences of ``E[J]`` between models are differences of ``D_F``."""
    x, w = setting.nodes()
    data = setting.data()
    measured = mean(w, hyvarinen(setting.energy, x) - hyvarinen(setting.other, x))
    return measured, fisher(data, setting.energy, x, w) - fisher(data, setting.other, x, w)


def denoising_identity(setting: Setting, sigma: float) -> tuple[Tensor, Tensor]:
    """T2: differences of the DSM loss are differences of ``D_F`` to the smoothed density."""
    x, w = setting.nodes()
    points, z, weights = noisy(x, w, sigma, 16)

    def dsm(energy: Energy) -> Tensor:
        residual = calculus.score(energy, points) + z / sigma
        return 0.5 * mean(weights, (residual * residual).sum(-1))

    smooth = setting.data(sigma**2)
    y, wy = setting.nodes(extra_variance=sigma**2)
    predicted = fisher(smooth, setting.energy, y, wy) - fisher(smooth, setting.other, y, wy)
    return dsm(setting.energy) - dsm(setting.other), predicted


def denoising_variance(setting: Setting, sigma: float) -> tuple[Tensor, Tensor]:
    """T3: the variance of the DSM gradient (in the inverse temperature) times ``sigma²``."""
    x, w = setting.nodes(16)
    points, z, weights = noisy(x, w, sigma)
    s = calculus.score(setting.energy, points)
    slope = ((s + z / sigma) * s).sum(-1)
    variance = mean(weights, slope**2) - mean(weights, slope) ** 2
    s = calculus.score(setting.energy, x)
    return sigma**2 * variance, mean(w, (s * s).sum(-1))


def control_variate_limit(setting: Setting, sigma: float) -> tuple[Tensor, Tensor]:
    """T4: DSM with a control variate, as trained, tends pathwise to SSM-VR with ``v = z``."""
    x, w = setting.nodes(8)
    points, z, _ = noisy(x, w, sigma, 6)
    centres = noisy(x, w, 0.0, 6)[0]
    s = calculus.score(setting.energy, points)
    s0, curvature = calculus.score_and_directional(setting.energy, centres, z)
    measured = reduced_loss(s, s0, z, sigma)
    return measured, 0.5 * (s0 * s0).sum(-1) + curvature


def sliced_identity(setting: Setting, _: float) -> tuple[Tensor, Tensor]:
    """T5: over Rademacher directions SSM and SSM-VR both average to SM."""
    x, w = setting.nodes()
    signs = list(itertools.product((-1.0, 1.0), repeat=x.shape[1]))
    sliced, reduced = torch.zeros(2, dtype=x.dtype)
    for sign in signs:
        v = torch.tensor(sign, dtype=x.dtype).expand_as(x)
        s, curvature = calculus.score_and_directional(setting.energy, x, v)
        sliced = sliced + mean(w, 0.5 * (s * v).sum(-1) ** 2 + curvature) / len(signs)
        reduced = reduced + mean(w, 0.5 * (s * s).sum(-1) + curvature) / len(signs)
    exact = mean(w, hyvarinen(setting.energy, x))
    return torch.stack([sliced, reduced]), torch.stack([exact, exact])


def stein_critic(setting: Setting, _: float) -> tuple[Tensor, Tensor]:
    r"""T14: the learned Stein discrepancy at its optimal critic is the Fisher divergence.

    Of :math:`E_p[s^\top f + \nabla\cdot f - \lambda |f|^2]` the maximum over ``f`` is at
    :math:`f = (s - \nabla\log p) / 2\lambda`; here with :math:`\lambda = 1`.
    """
    x, w = setting.nodes()
    data = setting.data()
    s, trace = calculus.score_and_laplacian(setting.energy, x)
    s_data, trace_data = calculus.score_and_laplacian(data, x)
    critic, divergence = 0.5 * (s - s_data), 0.5 * (trace - trace_data)
    value = mean(w, (s * critic).sum(-1) + divergence - (critic * critic).sum(-1))
    return value, 0.5 * fisher(data, setting.energy, x, w)


def blindness(setting: Setting, step: float) -> tuple[Tensor, Tensor]:
    """T15: two modes ``1 / step`` from the middle: ``E[J]`` forgets the weights of the model."""
    dim = setting.means.shape[1]
    means = torch.zeros(2, dim, dtype=torch.float64)
    means[:, 0] = torch.tensor([-1.0, 1.0]) / step
    one = torch.ones(2, dtype=torch.float64)
    data = Setting("", setting.energy, setting.other, 0.5 * one, means, one)
    x, w = data.nodes()
    swapped = torch.tensor([0.9, 0.1], dtype=torch.float64)
    wrong = GaussianMixtureEnergy(swapped, means, one).double()
    return mean(w, hyvarinen(wrong, x)), mean(w, hyvarinen(data.data(), x))


WITHIN_SCORE_MATCHING: tuple[Connection, ...] = (
    Connection(
        "T1",
        "Score matching is the Fisher divergence up to a constant of the data",
        "Hyvärinen (2005), Thm. 1; Song & Kingma (2021), Eq. 7-8, sign of the trace corrected",
        "",
        None,
        hyvarinen_identity,
    ),
    Connection(
        "T2",
        "Denoising score matching is the Fisher divergence to the smoothed data",
        "Vincent (2011); Song & Kingma (2021), Eq. 9-10",
        "",
        None,
        denoising_identity,
    ),
    Connection(
        "T3",
        "The variance of the DSM gradient grows as 1/σ²",
        "Song & Kingma (2021), §4.1 before Eq. 12",
        "σ",
        2.0,
        denoising_variance,
    ),
    Connection(
        "T4",
        "DSM with a control variate tends pathwise to SSM-VR",
        "Wang et al. (2020); Song & Kingma (2021), Eq. 12-14",
        "σ",
        1.0,
        control_variate_limit,
    ),
    Connection(
        "T5",
        "Sliced score matching averages to score matching over directions",
        "Song et al. (2019); Song & Kingma (2021), Eq. 15-17, square of the sum",
        "",
        None,
        sliced_identity,
    ),
    Connection(
        "T14",
        "The Stein discrepancy at its best critic is half the Fisher divergence",
        "Grathwohl et al. (2020) with λ = 1; Song & Kingma (2021), Eq. 30",
        "",
        None,
        stein_critic,
    ),
    Connection(
        "T15",
        "Score matching does not see the weights of separated modes",
        "Zhang et al. (2022); Song & Kingma (2021), §4.4; faster than any power",
        "1/a",
        4.0,
        blindness,
        steps=(0.5, 0.4, 1 / 3, 0.25),
    ),
)
