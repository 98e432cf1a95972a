"""``log Z`` by annealing from a law that is adapted to the model.

A trained model's mass is not where the data's moments put a Gaussian: on images the path from
there has a thermodynamic length of 25 to 50, and one from a law adapted to the model 2 to 4, where
``K`` temperatures leave the length squared over ``K`` as variance of the log-weights. Chains find
out where the mass is, a law is fitted to them, and is then frozen: all that counts is drawn
afresh, so that forward chains stay unbiased. In few dimensions a mixture of full covariances is
fitted too, and the law with the shorter path is used. Where it fails, the other is tried.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ebmbench.calculus import Counts, count_evaluations
from ebmbench.energies.base import Energy
from ebmbench.partition.ais import AISRun, run_ais
from ebmbench.partition.annealing import anneal
from ebmbench.partition.base import LogZ
from ebmbench.partition.effort import FEW, Effort, effort_for
from ebmbench.partition.exploring import explore, starts
from ebmbench.partition.fitting import fit_law, usual
from ebmbench.partition.initial import InitialGaussian, InitialLaw, InitialMixture
from ebmbench.partition.mixing import fit_mixture
from ebmbench.samplers.path import AnnealingPath
from ebmbench.samplers.pilot import pilot

ENOUGH = 24
"""Chains that must have found the model finite for a law to be fitted to them."""
SHORT = 1.0
"""Length of a path below which no better law is looked for: 24 temperatures then leave a variance
of a twentieth."""
SHARED_OUT = 200
"""Chains that find out how the mass is shared out among the components of a law."""


@dataclass(frozen=True)
class Laws:
    """The laws that fit a model, best first, and where the chains that were asked ended."""

    laws: list[InitialLaw]
    paths: Mapping[InitialLaw, AnnealingPath]
    """What pilot runs learned, where they were made."""
    known: Tensor | None
    """``(n, d)`` in ``x``."""


def adaptive(
    energy: Energy,
    generator: torch.Generator,
    effort: int = 1,
    tolerance: float = 0.1,
    *,
    initial: InitialGaussian | None = None,
    rows: Tensor | None = None,
) -> LogZ:
    """Estimate ``log Z`` and certify or refuse it; see :func:`run_adaptive`."""
    return run_adaptive(energy, generator, effort, tolerance, initial=initial, rows=rows).result


def run_adaptive(
    energy: Energy,
    generator: torch.Generator,
    effort: int = 1,
    tolerance: float = 0.1,
    *,
    initial: InitialGaussian | None = None,
    rows: Tensor | None = None,
) -> AISRun:
    """Find a law that fits the model, estimate ``log Z`` from it and keep the path.

    Arguments:
        energy: the model.
        generator: the source of all randomness.
        effort: 0, 1 or 2; see :data:`~ebmbench.partition.effort.EFFORTS`.
        tolerance: nats within which all checks must agree.
        initial: a Gaussian with the moments of the data; the energy's reference when absent.
        rows: training rows, ``(n, d)``, where some of the chains start.
    """
    begin = time.process_time()
    initial = initial or InitialGaussian.of_reference(energy)
    work = effort_for(effort, energy.dim)
    with count_evaluations() as counts:
        found = adapted_laws(energy, initial, rows, generator, work)
        runs: list[AISRun] = []
        for law in found.laws:
            path = found.paths.get(law)
            run = run_ais(
                energy, generator, effort, tolerance, initial=law, path=path, known=found.known
            )
            runs.append(run)
            if run.result.certified:
                break
    best = runs[-1] if runs[-1].result.certified else min(runs, key=_width)
    result = _together([run.result for run in runs], best.result)
    return replace(best, result=_with_cost(result, counts, time.process_time() - begin))


def adapted_laws(
    energy: Energy,
    initial: InitialGaussian,
    rows: Tensor | None,
    generator: torch.Generator,
    work: Effort,
) -> Laws:
    """Send out chains in two rounds and fit laws to them.

    The second round moves in the coordinates of the first, and is left out where the path from
    there is short already. Where the model is not finite at enough points the only law is
    ``initial``.

    Arguments:
        energy: the model.
        initial: a Gaussian with the moments of the data.
        rows: training rows, ``(n, d)``.
        generator: the source of all randomness.
        work: how much may be done.
    """
    few = energy.dim <= FEW
    search = work.search if few else None
    x, minima = starts(energy, initial, rows, generator, search=search)
    coordinates, step_size = initial, None
    paths: dict[InitialLaw, AnnealingPath] = {}

    def length_from(law: InitialLaw) -> float:
        if law not in paths:
            paths[law] = pilot(law.bridge_to(energy), generator, leapfrog=work.leapfrog)
        length = float(paths[law].length[-1])
        return length if math.isfinite(length) else math.inf

    for _ in range(2):
        explored = explore(
            energy,
            coordinates,
            x,
            generator,
            sweeps=work.sweeps,
            minima=minima,
            step_size=step_size,
        )
        if int(usual(explored).sum()) < ENOUGH:
            return Laws([initial], paths, None)
        try:
            whole, places = fit_law(energy, explored, generator, work.hessians)
        except RuntimeError:  # a matrix that has no factor
            return Laws([initial], paths, None)
        # within one of several places the model has another scale than over all of them
        coordinates = whole if places is None else InitialGaussian(places.mean, places.factor)
        x, step_size = explored.x[-1], 0.6 * whole.dim**-0.25
        if places is None and length_from(whole) < SHORT:
            break
    laws: list[InitialLaw] = [whole]
    if places is not None:
        laws.append(shared_out(energy, places, generator, work))
    if few and not min(length_from(law) for law in laws) < SHORT:
        laws.append(fit_mixture(energy, explored, coordinates, generator))
    laws.sort(key=length_from)
    return Laws(laws[:2], paths, x[torch.isfinite(x).all(1)])


def shared_out(
    energy: Energy, law: InitialMixture, generator: torch.Generator, work: Effort
) -> InitialMixture:
    """Give round components the shares of the mass that weighted chains find near them."""
    bridge = law.bridge_to(energy)
    path = pilot(bridge, generator, leapfrog=work.leapfrog)
    run = anneal(bridge, path, work.least, SHARED_OUT, generator=generator, leapfrog=work.leapfrog)
    nearest = torch.cdist(run.state.x.double().cpu(), law.means).argmin(1)
    shares = torch.zeros(len(law.means), dtype=torch.float64)
    weights = torch.softmax(torch.nan_to_num(run.log_z, nan=-torch.inf), 0)
    shares.index_add_(0, nearest, weights)
    shares = (shares + 0.02) / (shares + 0.02).sum()
    return replace(law, log_weights=shares.log())


def _width(run: AISRun) -> float:
    low, high = run.result.lower, run.result.upper
    assert low is not None
    assert high is not None
    return high - low if high >= low else torch.inf


def _together(results: list[LogZ], best: LogZ) -> LogZ:
    """Return the best result: as it is if certified, with the brackets of all laws if refused.

    A law that failed may still have found more mass than the one that did not; then none is right.
    """
    if best.certified:
        assert best.upper is not None
        for each in results:
            if each.lower is not None and each.lower > best.upper:
                note = f"AIS refused: another law finds more mass; {each.note}"
                return replace(best, certified=False, upper=each.upper, note=note)
        return best
    ends = [(each.lower, each.upper) for each in results]
    lows = [low for low, _ in ends if low is not None]
    highs = [high for _, high in ends if high is not None]
    return replace(best, lower=min(lows), upper=max(highs))


def _with_cost(result: LogZ, counts: Counts, seconds: float) -> LogZ:
    """Return the result with what all laws together cost; the note says it in evaluations."""
    cost = {"energies": counts.energy, "scores": counts.score, "hvps": counts.hvp}
    return replace(
        result,
        note=f"{result.note}; {counts.score:,} scores",
        diagnostics={**result.diagnostics, **cost},
        cpu_seconds=seconds,
    )
