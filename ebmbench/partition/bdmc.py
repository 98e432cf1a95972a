r"""Bidirectional Monte Carlo: a bracket of ``log Z`` where exact samples exist.

Forward annealing bounds ``log Z`` from below and reverse annealing from exact samples bounds it
from above, both stochastically: :math:`P(\log\hat Z > \log Z + c) \le e^{-c}` by Markov's
inequality (Grosse, Ghahramani & Adams, 2015, arXiv:1511.02543).
"""

from __future__ import annotations

import torch

from ebmbench.energies.base import Energy
from ebmbench.partition.ais import EFFORTS, REPEATS
from ebmbench.partition.annealing import anneal, anneal_back, particles_at, pilot
from ebmbench.partition.base import (
    ExactSampler,
    LogZ,
    delta_stderr,
    jackknife_stderr,
    log_mean_exp,
)
from ebmbench.partition.bennett import bennett
from ebmbench.partition.initial import InitialGaussian


def bdmc(
    energy: Energy,
    sampler: ExactSampler,
    generator: torch.Generator,
    effort: int = 1,
    tolerance: float = 0.1,
    law: InitialGaussian | None = None,
    temperatures: int | None = None,
) -> LogZ:
    """Bracket ``log Z``.

    Arguments:
        energy: the model.
        sampler: draws exact samples of it.
        generator: the source of all randomness.
        effort: 0, 1 or 2; see :data:`ebmbench.partition.ais.EFFORTS`.
        tolerance: the widest bracket, in nats, that is certified.
        law: the initial law; the energy's reference when absent.
        temperatures: ``K``; by the thermodynamic length when absent.
    """
    law = law or InitialGaussian.of_reference(energy)
    work = EFFORTS[effort]
    plan = pilot(energy, law, generator)
    count = temperatures or plan.temperatures(work.least, work.most)
    forward = anneal(energy, law, plan, count, work.chains, generator)
    start = particles_at(energy, law, law.to_z(sampler(work.chains, generator)))
    back = anneal_back(energy, law, plan, count, start, generator)
    lower, upper = log_mean_exp(forward.log_z), -log_mean_exp(-back.log_z)
    gap = upper - lower
    point, point_stderr = bennett(forward.log_z, back.log_z)
    stderr = max(
        delta_stderr(forward.log_z),
        delta_stderr(-back.log_z),
        jackknife_stderr(forward.log_z, REPEATS),
        jackknife_stderr(-back.log_z, REPEATS),
    )
    agree = abs(gap) <= tolerance and 2 * stderr <= tolerance
    found = f"{count} temperatures, bracket {gap:.2g} nats, standard error {stderr:.2g}"
    refused = f"BDMC refused: {found}; the tolerance is {tolerance:g} nats"
    return LogZ(
        log_z=max(lower, upper),
        stderr=stderr,
        lower=lower,
        upper=upper,
        point=point,
        point_stderr=point_stderr,
        certified=agree,
        note=f"BDMC, {work.chains} chains, {found}" if agree else refused,
        diagnostics={
            "temperatures": count,
            "length": float(plan.length[-1]),
        },
    )
