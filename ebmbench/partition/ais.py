"""``log Z`` by annealed importance sampling, with every check that can fail.

The checks: two initial laws, ``K`` against ``K/2`` temperatures, repeats, effective sample size,
acceptance, reverse chains from long tempered chains (a check, not a bound), and minima away from
the chains. Only if all agree within the tolerance is the number certified.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import Annealed, anneal, anneal_back
from ebmbench.partition.base import (
    LogZ,
    delta_stderr,
    effective_sample_size,
    jackknife_stderr,
    log_mean_exp,
)
from ebmbench.partition.bennett import bennett
from ebmbench.partition.checks import failures_of
from ebmbench.partition.effort import EFFORTS, REPEATS, Effort
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.missed import missed_mass
from ebmbench.samplers.base import ChainState
from ebmbench.samplers.bridge import Bridge, StandardNormal
from ebmbench.samplers.path import VARIANCE, AnnealingPath
from ebmbench.samplers.pilot import pilot, transition
from ebmbench.samplers.resampling import systematic_resample


@dataclass(frozen=True)
class AISRun:
    """The estimate, and the path behind it, from which samples can be drawn."""

    result: LogZ
    initial: InitialGaussian
    path: AnnealingPath


def ais(
    energy: Energy,
    generator: torch.Generator,
    effort: int = 1,
    tolerance: float = 0.1,
    *,
    initial: InitialGaussian | None = None,
) -> LogZ:
    """Estimate ``log Z`` and certify or refuse it; see :func:`run_ais`."""
    return run_ais(energy, generator, effort, tolerance, initial=initial).result


def run_ais(
    energy: Energy,
    generator: torch.Generator,
    effort: int = 1,
    tolerance: float = 0.1,
    *,
    initial: InitialGaussian | None = None,
) -> AISRun:
    """Estimate ``log Z`` and keep the path.

    Arguments:
        energy: the model.
        generator: the source of all randomness.
        effort: 0, 1 or 2; see :data:`~ebmbench.partition.effort.EFFORTS`.
        tolerance: nats within which all checks must agree.
        initial: where chains start; the energy's reference when absent.
    """
    initial = initial or InitialGaussian.of_reference(energy)
    scale = wider(initial.dim)
    bridge = initial.bridge_to(energy)
    wide_bridge = initial.widened(scale).bridge_to(energy)
    work = EFFORTS[effort].affordable(energy.dim)
    path = pilot(bridge, generator)
    wide_path = pilot(wide_bridge, generator)
    count, half = _enough(bridge, path, work, generator)
    # a fresh run, so that what decided the number of temperatures does not enter the estimate
    forward = anneal(bridge, path, count, work.chains, generator=generator)
    ratio = float(wide_path.length[-1] / path.length[-1].clamp_min(1e-12))
    wide_count = math.ceil(work.clipped(count * ratio**2))
    wide = anneal(wide_bridge, wide_path, wide_count, work.chains, generator=generator)
    # the wide Gaussian's chains take part in the start: a mode which only they found counts
    start = _tempered(bridge, scale, path, forward, wide, generator)
    back = anneal_back(bridge, path, count, start, generator=generator)
    ends = {
        "half": log_mean_exp(half.log_z),
        "forward": log_mean_exp(forward.log_z),
        "wide": log_mean_exp(wide.log_z),
        "reverse": -log_mean_exp(-back.log_z),
    }
    point, point_stderr = bennett(forward.log_z, back.log_z)
    lower = min(ends["forward"], ends["wide"])
    upper = max(ends["forward"], ends["wide"], ends["reverse"])
    errors = {
        "forward": _stderr(forward.log_z),
        "wide": _stderr(wide.log_z),
        "reverse": _stderr(-back.log_z),
    }
    stderr = errors[max(errors, key=lambda name: ends[name])]
    size = effective_sample_size(forward.log_z) / work.chains
    ends_at = initial.to_x(forward.state.x)
    missed = missed_mass(
        energy,
        initial,
        ends_at,
        forward.log_z,
        log_z=upper,
        generator=generator,
        search=work.search,
    )
    failures = failures_of(
        ends, stderr, tolerance, size, acceptance=forward.acceptance, missed=missed
    )
    how = (
        f"AIS, {work.chains} chains, {count} temperatures from the Gaussian, {wide_count} from "
        f"one {scale:.3g} times as wide; bracket {upper - lower:.2g} nats"
    )
    result = LogZ(
        log_z=upper,
        stderr=stderr,
        lower=lower,
        upper=upper,
        point=point,
        point_stderr=point_stderr,
        certified=not failures,
        note="AIS refused: " + "; ".join(failures) if failures else how,
        diagnostics={
            **ends,
            "temperatures": count,
            "length": float(path.length[-1]),
            "ess": size * work.chains,
            "acceptance": forward.acceptance,
            "minima": missed.minima,
            "missed_mass": missed.mass,
        },
    )
    return AISRun(result, initial, path)


def wider(dim: int) -> float:
    """Return how much wider the second Gaussian is.

    Twice up to 16 dimensions, then less, so that its distance from the first one, in thermodynamic
    length, stays the same.
    """
    return 1 + min(1.0, 4 / math.sqrt(dim))


def _enough(
    bridge: Bridge[StandardNormal],
    path: AnnealingPath,
    work: Effort,
    generator: torch.Generator,
) -> tuple[int, Annealed]:
    """Return a number of temperatures that is enough or all we may, and a run with half of it.

    The variance of the log-weights falls as one over that number; with perfect transitions it
    would be the squared length over it, which is where the search starts.
    """
    count = math.ceil(path.temperatures(work.least, work.most) / 2)
    while True:
        half = anneal(bridge, path, count, work.chains, generator=generator)
        needed = count * float(half.log_z.var()) / VARIANCE
        if not needed > 2 * count or 4 * count > work.most:
            return 2 * count, half
        count = max(2 * count, min(math.ceil(needed / 2), work.most // 2))


def _stderr(log_weights: Tensor) -> float:
    """Return the larger of the two standard errors: over chains and over repeats."""
    return max(delta_stderr(log_weights), jackknife_stderr(log_weights, REPEATS))


def _tempered(
    bridge: Bridge[StandardNormal],
    scale: float,
    path: AnnealingPath,
    forward: Annealed,
    wide: Annealed,
    generator: torch.Generator,
    settle: int = 20,
) -> ChainState:
    """Return nearly exact samples: ends of both forward runs, resampled, then moved at ``b = 1``.

    A chain of the wide Gaussian sits at ``z`` in its coordinates and at ``scale · z`` in those of
    the first one.
    """
    n = forward.log_z.numel()
    both = ChainState(
        torch.cat([forward.state.x, scale * wide.state.x]),
        torch.cat([forward.state.log_density, wide.state.log_density]),
        torch.cat([forward.state.score, wide.state.score / scale]),
    )
    index = systematic_resample(torch.cat([forward.log_z, wide.log_z]), n, generator)
    # systematic resampling leaves the indices sorted; repeats must not be blocks of one ancestor
    index = index[torch.randperm(n, generator=generator)]
    state, step_size = both[index.to(both.x.device)], float(path.step_sizes[-1])
    for _ in range(settle):
        state, _ = transition(bridge, state, 1.0, step_size, generator=generator)
    return state
