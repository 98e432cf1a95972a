"""``log Z`` by annealed importance sampling from a given law, with every check that can fail.

The checks: two initial laws, ``K`` against ``K/2`` temperatures, repeats, effective sample size,
acceptance, reverse chains from resampled ends (a check, not a bound), chains that knew the model
before, and minima away from the chains. The number of temperatures doubles until all agree within
the tolerance or the budget is spent; only if they agree is the number certified.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.calculus import count_evaluations
from ebmbench.energies.base import Energy
from ebmbench.partition.base import LogZ
from ebmbench.partition.bennett import bennett
from ebmbench.partition.checks import disagreements, failures_of
from ebmbench.partition.effort import effort_for
from ebmbench.partition.initial import InitialGaussian, InitialLaw, InitialMixture
from ebmbench.partition.missed import missed_mass
from ebmbench.partition.refining import Annealing
from ebmbench.samplers.path import AnnealingPath


@dataclass(frozen=True)
class AISRun:
    """The estimate, and the path behind it, from which samples can be drawn."""

    result: LogZ
    initial: InitialLaw
    path: AnnealingPath


def ais(
    energy: Energy,
    generator: torch.Generator,
    effort: int = 1,
    tolerance: float = 0.1,
    *,
    initial: InitialLaw | None = None,
) -> LogZ:
    """Estimate ``log Z`` and certify or refuse it; see :func:`run_ais`."""
    return run_ais(energy, generator, effort, tolerance, initial=initial).result


def run_ais(
    energy: Energy,
    generator: torch.Generator,
    effort: int = 1,
    tolerance: float = 0.1,
    *,
    initial: InitialLaw | None = None,
    path: AnnealingPath | None = None,
    known: Tensor | None = None,
) -> AISRun:
    """Estimate ``log Z`` from one law and keep the path.

    Arguments:
        energy: the model.
        generator: the source of all randomness.
        effort: 0, 1 or 2; see :data:`~ebmbench.partition.effort.EFFORTS`.
        tolerance: nats within which all checks must agree.
        initial: where chains start; the energy's reference when absent. It must not depend on
            draws that the generator will make.
        path: what a pilot run learned between there and the model; it is learned when absent.
        known: points ``(n, d)`` where chains that looked for the model's mass ended, for an alarm.
    """
    begin = time.process_time()
    initial = initial or InitialGaussian.of_reference(energy)
    work = effort_for(effort, energy.dim)
    with count_evaluations() as counts:
        runs = Annealing.prepared(energy, initial, work, tolerance, generator, path=path)
        ends, count = runs.refined()
        headline, stderr = ends.headline()
        suspects, excess = None, -math.inf
        if known is not None and math.isfinite(headline):
            suspects, excess = runs.suspects(known, ends, count)
        missed = missed_mass(
            energy,
            initial,
            initial.to_x(ends.forward.state.x),
            ends.forward.log_z,
            log_z=headline,
            generator=generator,
            search=work.search,
            suspects=suspects,
        )
    apart = disagreements(ends.values, stderr, tolerance, ends.size)
    failures = failures_of(apart, tolerance, acceptance=ends.forward.acceptance, missed=missed)
    lower, upper = ends.bracket(not failures)
    upper = missed.raised(upper) if failures else upper
    point, point_stderr = bennett(ends.forward.log_z, ends.reverse.log_z)
    how = (
        f"AIS, {work.chains} chains, {count} temperatures from the {initial.words}, "
        f"{runs.wide_count(count)} from one {runs.scale:.3g} times as wide; "
        f"bracket {upper - lower:.2g} nats"
    )
    result = LogZ(
        log_z=headline,
        stderr=stderr,
        lower=lower,
        upper=upper,
        point=point,
        point_stderr=point_stderr,
        certified=not failures,
        note="AIS refused: " + "; ".join(failures) if failures else how,
        diagnostics={
            **ends.values,
            "temperatures": count,
            "length": float(runs.path.length[-1]),
            "ess": ends.size * work.chains,
            "acceptance": ends.forward.acceptance,
            "minima": missed.minima,
            "missed_mass": missed.mass,
            "alarm": excess,
            "energies": counts.energy,
            "scores": counts.score,
            "hvps": counts.hvp,
        },
        law="mixture" if isinstance(initial, InitialMixture) else "gaussian",
        cpu_seconds=time.process_time() - begin,
    )
    return AISRun(result, initial, runs.path)
