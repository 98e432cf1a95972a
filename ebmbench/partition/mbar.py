r"""MBAR: the best estimate from equilibrium samples at several temperatures.

Samples :math:`x_n` come from ``K`` unnormalised densities :math:`q_k`, ``N_k`` from each. The
multistate Bennett acceptance ratio (Shirts & Chodera 2008, J. Chem. Phys. 129, 124105, Eq. 11)
solves

.. math:: Z_i = \sum_n \frac{q_i(x_n)}{\sum_k N_k\, q_k(x_n) / Z_k},

which fixes all ratios of the ``Z``. It is the maximum-likelihood estimate of a multinomial
regression that tells from which density a sample came, so the solution minimises a convex
function; with ``K = 2`` it is :func:`~ebmbench.partition.bennett.bennett`.

:func:`mbar` takes the samples from parallel tempering. The ladders are independent of each other
while the states of one are not, so the standard error is a jackknife over ladders. It is a
consistent point estimate and no bound.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.base import LogZ
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.missed import missed_mass
from ebmbench.partition.sampling import positions
from ebmbench.samplers.ladders import Ladders, temper
from ebmbench.samplers.pilot import pilot

LADDERS = Ladders(chains=64, thinning=2, burn_in=40, most=64)
DRAWS = 64
GROUPS = 32
"""Of ladders, for the jackknife; so many that a normal interval covers as often as it says."""
NEWTON_STEPS = 100
PRECISION = 1e-10
"""Nats by which the last step of Newton's method may still move a ``log Z``."""


def mbar(
    energy: Energy,
    generator: torch.Generator,
    tolerance: float = 0.1,
    initial: InitialGaussian | None = None,
    *,
    ladders: Ladders = LADDERS,
    draws: int = DRAWS,
) -> LogZ:
    """Estimate ``log Z`` from the chains of parallel tempering at all temperatures.

    Arguments:
        energy: the model.
        generator: the source of all randomness.
        tolerance: nats; twice the standard error must stay below it.
        initial: the Gaussian at ``b = 0``; the energy's reference when absent.
        ladders: how many and how long; their number a multiple of :data:`GROUPS`.
        draws: states to keep of each ladder.
    """
    initial = initial or InitialGaussian.of_reference(energy)
    bridge = initial.bridge_to(energy)
    found = temper(bridge, pilot(bridge, generator), ladders, draws, generator=generator)
    how = f"MBAR, {ladders.chains} ladders of {len(found.betas)} chains, {draws} states of each"
    if not bool(torch.isfinite(found.slope).all()):
        words = "MBAR refused: the energy is not finite where the chains are"
        return LogZ(math.nan, math.nan, certified=False, note=words)
    ratio, stderr = _ratio(found.slope, found.betas)
    estimate = initial.log_z + ratio
    ends = positions(found, initial)
    weights = torch.full((len(ends),), estimate, dtype=torch.float64)
    missed = missed_mass(energy, initial, ends, weights, log_z=estimate, generator=generator)
    unvisited = missed.failure(tolerance)
    failures = [] if unvisited is None else [unvisited]
    if not 2 * stderr <= tolerance:
        failures.append(f"two standard errors are {2 * stderr:.2g} nats, above {tolerance:g}")
    if found.restarts < 1:
        failures.append(
            f"only {found.restarts:.2g} chains a ladder travelled from the Gaussian to the model"
        )
    return LogZ(
        log_z=estimate,
        stderr=stderr,
        point=estimate,
        point_stderr=stderr,
        certified=not failures,
        note="MBAR refused: " + "; ".join(failures) if failures else how,
        diagnostics={
            "temperatures": len(found.betas) - 1,
            "least_swap_rate": float(found.swap_rates.min()),
            "restarts": found.restarts,
            "missed_mass": missed.mass,
        },
    )


def _ratio(slope: Tensor, betas: Tensor) -> tuple[float, float]:
    """Return ``log Z(1) - log Z(0)`` and its jackknife standard error.

    Arguments:
        slope: ``g`` of every chain, ``(draws, K, ladders)``.
        betas: ``(K,)``.
    """

    def solve(g: Tensor, start: Tensor | None = None) -> Tensor:
        counts = torch.full((len(betas),), g.numel() / len(betas), dtype=torch.float64)
        return log_ratios(torch.outer(betas, g.flatten()), counts, start)

    whole = solve(slope)
    groups = torch.arange(slope.shape[2]) % GROUPS
    left_out = torch.stack([solve(slope[:, :, groups != k], whole)[-1] for k in range(GROUPS)])
    return float(whole[-1]), float(((GROUPS - 1) * left_out.var(correction=0)).sqrt())


def log_ratios(log_q: Tensor, counts: Tensor, start: Tensor | None = None) -> Tensor:
    r"""Solve MBAR's equations.

    With :math:`f_k = -\log Z_k` the function
    :math:`\sum_n \log \sum_k N_k e^{f_k} q_k(x_n) - \sum_k N_k f_k` is convex and stationary at
    the solution (Eq. C6 there). Newton's method with halved steps, ``f_0 = 0`` fixed.

    Arguments:
        log_q: log-densities of all samples under all densities, ``(K, N)``, in float64.
        counts: samples that came from each, ``(K,)``.
        start: first guess of the result; zeros when absent.

    Returns:
        ``log Z_k - log Z_0``, ``(K,)``.
    """
    shifted = log_q + counts.log()[:, None]

    def loss(f: Tensor) -> float:
        return float(torch.logsumexp(shifted + f[:, None], 0).sum() - (counts * f).sum())

    f = torch.zeros(len(counts), dtype=torch.float64) if start is None else -start
    value = loss(f)
    for _ in range(NEWTON_STEPS):
        p = torch.softmax(shifted + f[:, None], 0)
        gradient = p.sum(1) - counts
        hessian = torch.diag(p.sum(1)) - p @ p.T
        # Where neighbours hardly overlap the curvature is next to zero; the jitter keeps it
        # positive and vanishes beside any that matters.
        curvature = hessian[1:, 1:] + 1e-9 * counts.sum() * torch.eye(len(f) - 1).double()
        step = torch.zeros_like(f)
        step[1:] = -torch.linalg.solve(curvature, gradient[1:])
        size = 1.0
        while size > 1e-8 and not loss(f + size * step) <= value:
            size *= 0.5
        f = f + size * step
        value = loss(f)
        if float(step.abs().max()) < PRECISION:
            break
    return f[0] - f
