"""Sequential Monte Carlo: annealing that resamples (Del Moral, Doucet & Jasra, 2006, JRSS B 68).

The inverse temperatures, their number and the step sizes are adapted in a pilot run and then
frozen, so that ``Ẑ`` of each population is unbiased; so is the mean over populations, and
``log Ẑ`` is a stochastic lower bound. A population is resampled when its effective size falls
below half.
"""

from __future__ import annotations

import torch

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import anneal
from ebmbench.partition.base import LogZ, jackknife_stderr, log_mean_exp
from ebmbench.partition.initial import InitialGaussian
from ebmbench.partition.missed import missed_mass
from ebmbench.samplers.pilot import pilot

LEAST, MOST = 64, 1024
"""Range of the number of temperatures."""


def smc(
    energy: Energy,
    generator: torch.Generator,
    temperatures: int | None = None,
    population: int = 64,
    *,
    repeats: int = 8,
    tolerance: float = 0.1,
    initial: InitialGaussian | None = None,
) -> LogZ:
    """Estimate ``log Z`` by independent populations.

    Arguments:
        energy: the model.
        generator: the source of all randomness.
        temperatures: steps of the path; as many as its thermodynamic length asks for when absent.
        population: particles of one population.
        repeats: independent populations, at least two; the standard error is over them.
        tolerance: nats; twice the standard error must stay below it.
        initial: where chains start; the energy's reference when absent.
    """
    initial = initial or InitialGaussian.of_reference(energy)
    bridge = initial.bridge_to(energy)
    path = pilot(bridge, generator)
    count = temperatures or path.temperatures(LEAST, MOST)
    chains = population * repeats
    run = anneal(bridge, path, count, chains, generator=generator, populations=repeats)
    estimate, stderr = log_mean_exp(run.log_z), jackknife_stderr(run.log_z, repeats)
    ends_at = initial.to_x(run.state.x)
    missed = missed_mass(energy, initial, ends_at, run.log_z, log_z=estimate, generator=generator)
    failures = []
    if not 2 * stderr <= tolerance:
        failures.append(f"two standard errors are {2 * stderr:.2g} nats, above {tolerance:g}")
    unvisited = missed.failure(tolerance)
    if unvisited is not None:
        failures.append(unvisited)
    how = f"SMC, {repeats} populations of {population}, {count} temperatures"
    return LogZ(
        log_z=estimate,
        stderr=stderr,
        lower=estimate,
        certified=not failures,
        note="SMC refused: " + "; ".join(failures) if failures else how,
        diagnostics={
            "temperatures": count,
            "acceptance": run.acceptance,
            "missed_mass": missed.mass,
        },
    )
