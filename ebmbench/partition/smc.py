"""Sequential Monte Carlo: annealing that resamples (Del Moral, Doucet & Jasra, 2006, JRSS B 68).

The inverse temperatures, their number and the step sizes are adapted in a pilot run and then
frozen, so that ``Ẑ`` of each population is unbiased; so is the mean over populations, and
``log Ẑ`` is a stochastic lower bound. A population is resampled when its effective size falls
below half.
Nothing here searches for missed modes; :func:`ebmbench.partition.ais.ais` does.
"""

from __future__ import annotations

import torch

from ebmbench.energies.base import Energy
from ebmbench.partition.annealing import anneal, pilot
from ebmbench.partition.base import LogZ, jackknife_stderr, log_mean_exp
from ebmbench.partition.law import GaussianLaw

LEAST, MOST = 64, 1024
"""Range of the number of temperatures."""


def smc(
    energy: Energy,
    generator: torch.Generator,
    temperatures: int | None = None,
    population: int = 64,
    repeats: int = 8,
    tolerance: float = 0.1,
    law: GaussianLaw | None = None,
) -> LogZ:
    """Estimate ``log Z`` by independent populations.

    Arguments:
        energy: the model.
        generator: the source of all randomness.
        temperatures: steps of the path; as many as its thermodynamic length asks for when absent.
        population: particles of one population.
        repeats: independent populations, at least two; the standard error is over them.
        tolerance: nats; twice the standard error must stay below it.
        law: the initial law; the energy's reference when absent.
    """
    law = law or GaussianLaw.of_reference(energy)
    plan = pilot(energy, law, generator)
    count = temperatures or plan.temperatures(LEAST, MOST)
    chains = population * repeats
    run = anneal(energy, law, plan, count, chains, generator, populations=repeats)
    estimate, stderr = log_mean_exp(run.log_z), jackknife_stderr(run.log_z, repeats)
    agree = 2 * stderr <= tolerance
    found = f"{repeats} populations of {population}, {count} temperatures"
    refused = f"SMC refused: two standard errors are {2 * stderr:.2g} nats, above {tolerance:g}"
    return LogZ(
        log_z=estimate,
        stderr=stderr,
        lower=estimate,
        certified=agree,
        note=f"SMC, {found}" if agree else refused,
        diagnostics={"temperatures": count, "acceptance": run.acceptance},
    )
