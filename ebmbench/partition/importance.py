r"""Importance sampling of ``Z`` from a Gaussian.

.. math:: \hat Z = \frac1n \sum_i \frac{e^{-E(x_i)}}{q(x_i)}, \qquad x_i \sim q,

is unbiased, so ``log Ẑ`` is a stochastic lower bound of ``log Z``. Whether the weights have a
variance at all is read from the tail index :math:`\hat k` of a generalised Pareto distribution
(Vehtari, Simpson, Gelman, Yao & Gabry, 2024, JMLR 25(72)): above one half it is refused.
Neither it nor the effective size sees a mode that no point hit, which is searched for.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.base import (
    LogZ,
    delta_stderr,
    effective_sample_size,
    log_density,
    log_mean_exp,
)
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.missed import missed_mass

K_HAT_LIMIT = 0.5
"""Above it the weights have no variance and the standard error has no meaning. The 0.7 of the
paper is for smoothed weights; plain ones in between were certified with intervals that missed."""


def importance_sampling(
    energy: Energy,
    generator: torch.Generator,
    n: int = 10_000,
    initial: InitialGaussian | None = None,
    *,
    tolerance: float = 0.1,
) -> LogZ:
    """Estimate ``log Z`` with ``n`` independent points.

    Arguments:
        energy: the model.
        generator: the source of all randomness.
        n: number of points.
        initial: the proposal; the energy's reference when absent.
        tolerance: nats; twice the standard error must stay below it.
    """
    initial = initial or InitialGaussian.of_reference(energy)
    z = torch.randn(n, initial.dim, generator=generator, dtype=torch.float64)
    x = initial.to_x(z.to(initial.mean.dtype))
    log_weights = log_density(energy, x) + 0.5 * z.square().sum(1) + initial.log_z
    estimate, stderr = log_mean_exp(log_weights), delta_stderr(log_weights)
    k_hat, size = pareto_k(log_weights), effective_sample_size(log_weights)
    missed = missed_mass(energy, initial, x, log_weights, log_z=estimate, generator=generator)
    failures = []
    if not k_hat <= K_HAT_LIMIT:
        failures.append(f"Pareto k is {k_hat:.2f}, above {K_HAT_LIMIT}")
    if not 2 * stderr <= tolerance:
        failures.append(f"two standard errors are {2 * stderr:.2g} nats, above {tolerance:g}")
    unvisited = missed.failure(tolerance)
    if unvisited is not None:
        failures.append(unvisited)
    return LogZ(
        log_z=estimate,
        stderr=stderr,
        lower=estimate,
        certified=not failures,
        note="importance sampling refused: " + "; ".join(failures)
        if failures
        else f"importance sampling, {n} points, effective {size:.0f}, Pareto k {k_hat:.2f}",
        diagnostics={"ess": size, "pareto_k": k_hat, "missed_mass": missed.mass},
    )


def pareto_k(log_weights: Tensor) -> float:
    r"""Return the tail index of the largest :math:`\min(n/5, 3\sqrt n)` weights.

    The shape is the posterior mean of Zhang & Stephens (2009, Technometrics 51(3)), shrunk towards
    one half as ten prior observations would (Vehtari et al. 2024, appendix C). ``-inf`` if the
    tail is constant.
    """
    weights = log_weights.double().sort().values
    n = weights.numel()
    tail_size = math.ceil(min(0.2 * n, 3 * math.sqrt(n)))
    if tail_size < 5:
        return math.inf
    tail = (weights - weights[-1]).exp()
    excess = tail[-tail_size:] - tail[-tail_size - 1]
    if float(excess[-1]) <= 0.0:
        return -math.inf
    return _generalised_pareto_shape(excess.clamp_min(1e-300))


def _generalised_pareto_shape(excess: Tensor) -> float:
    """Return the shape of sorted positive ``excess``, ``(m,)``."""
    m = excess.numel()
    quartile = excess[int(m / 4 + 0.5) - 1]
    candidates = 30 + int(math.sqrt(m))
    j = torch.arange(1, candidates + 1, dtype=torch.float64)
    theta = 1 / excess[-1] + (1 - (candidates / (j - 0.5)).sqrt()) / (3 * quartile)
    k = torch.log1p(-theta[:, None] * excess).mean(1)
    profile = m * ((-theta / k).log() - k - 1)
    posterior = torch.softmax(profile, 0)
    best = (theta * posterior).sum()
    shape = float(torch.log1p(-best * excess).mean())
    return (m * shape + 10 * 0.5) / (m + 10)
