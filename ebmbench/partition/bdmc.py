r"""Bidirectional Monte Carlo: a bracket of ``log Z`` where exact samples exist.

Forward annealing bounds ``log Z`` from below and reverse annealing from exact samples bounds it
from above, both stochastically: :math:`P(\log\hat Z > \log Z + c) \le e^{-c}` by Markov's
inequality (Grosse, Ghahramani & Adams, 2015, arXiv:1511.02543).
"""

from __future__ import annotations

import torch

from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import EXACT, OwnSampler
from ebmbench.errors import EbmbenchError
from ebmbench.partition.annealing import anneal, anneal_back
from ebmbench.partition.base import (
    LogZ,
    delta_stderr,
    jackknife_stderr,
    log_mean_exp,
)
from ebmbench.partition.bennett import bennett
from ebmbench.partition.effort import EFFORTS, REPEATS
from ebmbench.partition.initial import InitialGaussian
from ebmbench.samplers.pilot import pilot


def bdmc(
    energy: Energy,
    sampler: OwnSampler,
    generator: torch.Generator,
    effort: int = 1,
    *,
    tolerance: float = 0.1,
    initial: InitialGaussian | None = None,
    temperatures: int | None = None,
) -> LogZ:
    """Bracket ``log Z``.

    Arguments:
        energy: the model.
        sampler: draws exact samples of it; without them there is no bound from above.
        generator: the source of all randomness.
        effort: 0, 1 or 2; see :data:`ebmbench.partition.effort.EFFORTS`.
        tolerance: the widest bracket, in nats, that is certified.
        initial: where chains start; the energy's reference when absent.
        temperatures: ``K``; by the thermodynamic length when absent.

    Raises:
        EbmbenchError: the sampler is not exact.
    """
    if not sampler.exact:
        raise EbmbenchError(
            f"BDMC starts its reverse chains at samples of the model, found {sampler.how!r}, "
            f"allowed: {EXACT!r}"
        )
    initial = initial or InitialGaussian.of_reference(energy)
    work = EFFORTS[effort]
    bridge = initial.bridge_to(energy)
    path = pilot(bridge, generator)
    count = temperatures or path.temperatures(work.least, work.most)
    forward = anneal(bridge, path, count, work.chains, generator=generator)
    start = bridge.evaluate(initial.to_z(sampler.draw(work.chains, generator)))
    back = anneal_back(bridge, path, count, start, generator=generator)
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
            "length": float(path.length[-1]),
        },
    )
