"""The models with a known ``log Z``, and the estimators that are tried on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from ebmbench.energies.base import Energy
from ebmbench.energies.funnel import FunnelEnergy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.partition import (
    InitialGaussian,
    LogZ,
    adaptive,
    ais,
    bdmc,
    importance_sampling,
    mbar,
    quadrature,
    raise_log_likelihood,
    smc,
)
from ebmbench.partition.base import log_density
from ebmbench.samplers.pilot import pilot
from ebmbench.seeds import generator
from ebmbench.studies.validation.models import (
    five_modes,
    gaussian,
    ica,
    ill_conditioned,
    mixture,
    nice,
)

Estimator = Callable[[Energy, InitialGaussian, torch.Generator, float], LogZ]
"""Energy, initial law, source of randomness and tolerance to an estimate."""

ROWS_FOR_LAW = 5000
"""Exact samples whose moments give the initial law, as training rows do in a run."""
ROWS_FOR_CHAINS = 200
"""Exact samples where chains of the adaptive estimator start, as training rows do in a run."""
RAISE_ROWS, RAISE_TEMPERATURES = 200, 200


def sampled(energy: Energy) -> OwnSampler:
    """Return the exact sampler of an energy that has one."""
    own = energy.sampler()
    assert own is not None
    assert own.exact
    return own


def by_raise(
    energy: Energy, law: InitialGaussian, random: torch.Generator, tolerance: float
) -> LogZ:
    """Read ``log Z`` off the likelihood of exact samples by RAISE, which bounds it from above."""
    rows = sampled(energy).draw(RAISE_ROWS, random)
    path = pilot(law.bridge_to(energy), random)
    log_p = raise_log_likelihood(
        energy, law, path, RAISE_TEMPERATURES, rows=rows, chains=1, generator=random
    )
    each = log_density(energy, rows) - log_p
    found, stderr = float(each.mean()), float(each.std()) / RAISE_ROWS**0.5
    agree = 2 * stderr <= tolerance
    return LogZ(
        log_z=found,
        stderr=stderr,
        upper=found,
        certified=agree,
        note="" if agree else f"two standard errors are {2 * stderr:.2g} nats",
    )


def by_adaptive(
    energy: Energy, law: InitialGaussian, random: torch.Generator, tolerance: float
) -> LogZ:
    """Estimate ``log Z`` as a run does: from a law that chains adapt to the model."""
    rows = sampled(energy).draw(ROWS_FOR_CHAINS, random)
    return adaptive(energy, random, tolerance=tolerance, initial=law, rows=rows)


ESTIMATORS: Mapping[str, Estimator] = {
    "quadrature": lambda energy, law, random, tolerance: quadrature(energy, tolerance),
    "importance": lambda energy, law, random, tolerance: importance_sampling(
        energy, random, initial=law, tolerance=tolerance
    ),
    "smc": lambda energy, law, random, tolerance: smc(
        energy, random, initial=law, tolerance=tolerance
    ),
    "ais": lambda energy, law, random, tolerance: ais(
        energy, random, initial=law, tolerance=tolerance
    ),
    "adaptive": by_adaptive,
    "bdmc": lambda energy, law, random, tolerance: bdmc(
        energy, sampled(energy), random, initial=law, tolerance=tolerance
    ),
    "bdmc-1024": lambda energy, law, random, tolerance: bdmc(
        energy, sampled(energy), random, initial=law, tolerance=tolerance, temperatures=1024
    ),
    "raise": by_raise,
    "mbar": lambda energy, law, random, tolerance: mbar(
        energy, random, initial=law, tolerance=tolerance
    ),
}
SIMULATION = {
    "importance": 40,
    "smc": 16,
    "ais": 8,
    "adaptive": 20,
    "bdmc": 16,
    "raise": 8,
    "mbar": 16,
}
"""Repeats of each estimator that draws random numbers."""


@dataclass(frozen=True)
class Case:
    """One model and what is asked of the estimators on it."""

    name: str
    build: Callable[[], Energy]
    repeats: Mapping[str, int] = field(default_factory=lambda: SIMULATION)
    """By estimator."""
    target: float = 0.1
    """The widest bracket in nats that is good enough; of simulation also the tolerance."""

    def law(self, energy: Energy) -> InitialGaussian:
        """Return where chains start: the moments of exact samples."""
        rows = sampled(energy).draw(ROWS_FOR_LAW, generator("validation", self.name, "law"))
        return InitialGaussian.fitted(energy, rows.detach())


EXACT = {"quadrature": 1}
CASES = {
    case.name: case
    for case in (
        Case("gaussian-2 by quadrature", lambda: gaussian(2), EXACT, 1e-4),
        Case("mixture-2 separated by quadrature", lambda: mixture(2, 8.0), EXACT, 1e-4),
        Case("funnel-2 by quadrature", lambda: FunnelEnergy(2, 1.0), EXACT, 1e-4),
        Case("mixture-3 separated by quadrature", lambda: mixture(3, 8.0), EXACT, 1e-4),
        Case("gaussian-2", lambda: gaussian(2)),
        Case("gaussian-10", lambda: gaussian(10)),
        Case("gaussian-50", lambda: gaussian(50)),
        Case("mixture-2 overlapping", lambda: mixture(2, 3.0)),
        Case("mixture-2 separated", lambda: mixture(2, 8.0)),
        Case("mixture-10 overlapping", lambda: mixture(10, 3.0)),
        Case("mixture-10 separated", lambda: mixture(10, 8.0)),
        Case("mixture-50 overlapping", lambda: mixture(50, 3.0)),
        Case("mixture-50 separated", lambda: mixture(50, 8.0)),
        Case("funnel-2", lambda: FunnelEnergy(2, 1.0)),
        Case("funnel-10", lambda: FunnelEnergy(10, 1.0)),
        Case("ica-5", lambda: ica(5)),
        Case("ica-50", lambda: ica(50)),
        Case(
            "nice-64",
            lambda: nice(64, 64, 0.1),
            {
                "importance": 40,
                "smc": 8,
                "ais": 4,
                "adaptive": 20,
                "bdmc": 8,
                "raise": 4,
                "mbar": 4,
            },
        ),
        Case("five modes-64", lambda: five_modes(64), {"adaptive": 20}, 0.5),
        Case("five modes-784", lambda: five_modes(784), {"adaptive": 4}, 1.0),
        Case(
            "gaussian-784, condition 10,000",
            lambda: ill_conditioned(784, 1e4).float(),
            {"adaptive": 4},
            1.0,
        ),
        Case(
            "nice-784",
            lambda: nice(784, 64, 0.03).float(),
            {"importance": 4, "ais": 2, "adaptive": 4, "bdmc-1024": 1},
            1.0,
        ),
    )
}
"""By name."""
