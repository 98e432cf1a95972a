"""What the statements of the tutorial are measured by: models on the line with known limits."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.stats import norm

from ebmbench.energies.base import Energy
from ebmbench.objectives.base import Objective
from ebmbench.objectives.cd import ContrastiveDivergence
from ebmbench.objectives.dsm import DenoisingScoreMatching
from ebmbench.objectives.mle_exact import ExactMaximumLikelihood
from ebmbench.objectives.nce import NoiseContrastiveEstimation
from ebmbench.objectives.sm import ScoreMatching
from ebmbench.seeds import derive_seed, generator
from ebmbench.studies.reproductions.base import Cell, Result
from ebmbench.studies.reproductions.fit import fit_sample
from ebmbench.studies.reproductions.one_dimensional import (
    PairEnergy,
    PrecisionEnergy,
    QuarticEnergy,
)

WEIGHT = 0.8
"""Of the right mode."""
PAIR_ROWS = 10_000
STEP_SIZE = 0.2
"""Of the chains of contrastive divergence (MALA)."""
FEWEST = 100_000
"""Rows that its gradient is averaged over; for short chains, whose gradient is small, more."""
MOST = 2_000_000
NCE_ROWS = 2000
CHUNK = 200_000


def chains(cell: Cell) -> Result:
    """Find where the expected gradient of CD-k vanishes."""
    k = int(cell["steps"])
    rows = _normal(max(FEWEST, MOST // k), "chains", k)
    # Antithetic and of unit variance: the data's own moments add no error.
    rows = torch.cat([rows, -rows])
    rows = rows / rows.square().mean().sqrt()
    objective = ContrastiveDivergence(steps=k, step_size=STEP_SIZE, sampler="mala")
    seed = derive_seed("tutorial-claims", "chains", k, "noise")

    def at(theta: float) -> float:
        random = torch.Generator().manual_seed(seed)
        return _gradient(objective, QuarticEnergy(theta), rows, random)

    return {"theta": float(brentq(at, 0.05, 1.0, xtol=1e-4))}


def blindness(cell: Cell) -> Result:
    """Fit the weight of a mode to samples; return its root mean squared error over repeats."""
    separation, method = float(cell["separation"]), str(cell["method"])
    objective: Objective = ScoreMatching() if method == "sm" else ExactMaximumLikelihood()
    errors = []
    for repeat in range(int(cell["repeats"])):
        rows = _normal(PAIR_ROWS, "pair", repeat)
        chosen = generator("tutorial-claims", "modes", repeat)
        right = torch.rand(PAIR_ROWS, 1, generator=chosen) < WEIGHT
        rows = rows + torch.where(right, 0.5 * separation, -0.5 * separation)
        energy = PairEnergy(separation)
        fit_sample(energy, objective, rows, seed=0)
        errors.append(float(torch.sigmoid(energy.logit.detach())) - WEIGHT)
    return {"rms_error": float(np.sqrt(np.mean(np.square(errors))))}


def denoising(cell: Cell) -> Result:
    """Fit a variance by denoising score matching to data of unit variance."""
    rows = _normal(1_000_000, "denoising")
    rows = rows / rows.square().mean().sqrt()
    energy = PrecisionEnergy(1.0)
    objective = DenoisingScoreMatching(sigma=float(cell["sigma"]))
    fit_sample(energy, objective, rows, derive_seed("tutorial-claims", "denoising noise"))
    return {"variance": 1 / float(energy.precision.detach())}


def denoising_variance(cell: Cell) -> Result:
    """Return the variance over noise draws of the gradient of Eq. 11, per example."""
    sigma, draws, batch = float(cell["sigma"]), 500, 256
    rows = _normal(batch, "denoising variance")
    objective = DenoisingScoreMatching(sigma=sigma)
    random = generator("tutorial-claims", "denoising variance", "noise")
    # Our loss is σ² times that of the paper.
    gradients = [
        _gradient(objective, PrecisionEnergy(1.3), rows, random) / sigma**2 for _ in range(draws)
    ]
    return {"gradient_variance": batch * float(np.var(gradients, ddof=1))}


def noise(cell: Cell) -> Result:
    """Fit a precision by NCE many times; its variance over that of Theorem 3."""
    nu, inflation, repeats = float(cell["nu"]), float(cell["inflation"]), int(cell["repeats"])
    objective = NoiseContrastiveEstimation(nu=nu, inflation=inflation)
    found = []
    for repeat in range(repeats):
        energy = PrecisionEnergy(1.0)
        seed = derive_seed("tutorial-claims", "noise", repeat)
        fit_sample(energy, objective, _normal(NCE_ROWS, "noise rows", repeat), seed)
        found.append(float(energy.precision.detach()))
    variance = NCE_ROWS * float(np.var(found, ddof=1))
    theory = theorem_3(nu, inflation)
    return {"variance": variance, "theory": theory, "ratio": variance / theory}


def theorem_3(nu: float, inflation: float) -> float:
    r"""Return the asymptotic variance of ``√n (λ̂ − 1)``, by the trapezium rule.

    :math:`\Sigma = I^{-1} - (1 + 1/\nu)\, I^{-1} E[Pg] E[Pg]^\top I^{-1}` with
    :math:`P = \nu p_n / (p_d + \nu p_n)`, :math:`I = E[P g g^\top]`, expectations under the data,
    and :math:`g = \partial (\log p_\theta)/\partial(\lambda, c) = (-x^2/2, -1)`.
    """
    x = np.linspace(-12, 12, 20_001)
    data, noise = norm.pdf(x), norm.pdf(x, scale=inflation)
    weight = nu * noise / (data + nu * noise) * data * (x[1] - x[0])
    g = np.stack([-0.5 * x**2, -np.ones_like(x)])
    inverse = np.linalg.inv((g * weight) @ g.T)
    mean = (g * weight).sum(1)
    covariance = inverse - (1 + 1 / nu) * inverse @ np.outer(mean, mean) @ inverse
    return float(covariance[0, 0])


def _normal(n: int, *label: str | int) -> torch.Tensor:
    random = generator("tutorial-claims", *label)
    return torch.randn(n, 1, generator=random, dtype=torch.float64)


def _gradient(
    objective: Objective, energy: Energy, rows: torch.Tensor, random: torch.Generator
) -> float:
    """Return the gradient in the one parameter, averaged over all rows."""
    total = 0.0
    (parameter,) = energy.parameters()
    state = objective.init(energy, rows, random)
    for part in torch.split(rows, CHUNK):
        step = objective.loss(energy, part, state, random)
        (gradient,) = torch.autograd.grad(step.loss, parameter)
        total += float(gradient) * len(part) / len(rows)
    return total
