"""Cases on which a number would be wrong or blind, so that it must be refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from ebmbench.energies.funnel import FunnelEnergy
from ebmbench.energies.mixture import GaussianMixtureEnergy
from ebmbench.partition import (
    InitialGaussian,
    LogZ,
    adaptive,
    ais,
    bdmc,
    importance_sampling,
    mbar,
    quadrature,
    smc,
)
from ebmbench.partition.mbar import LADDERS
from ebmbench.seeds import generator

Case = Callable[[torch.Generator], LogZ]


@dataclass(frozen=True)
class Refusal:
    """A hard case: what is wrong, which estimator meets it, and what it should say."""

    name: str
    estimator: str
    run: Case
    phrase: str
    """Part of the reason that must be given."""

    def estimate(self) -> LogZ:
        """Return what the estimator says; every model here has ``log Z = 0``."""
        return self.run(generator("validation", "refusal", self.name, self.estimator))


def standard_law(d: int) -> InitialGaussian:
    """Return the standard normal law."""
    return InitialGaussian(torch.zeros(d).double(), torch.eye(d).double())


def round_modes(
    d: int, places: list[float], weights: list[float], std: float = 0.7
) -> GaussianMixtureEnergy:
    """Return round modes at ``places`` on the first axis."""
    means = torch.zeros(len(places), d, dtype=torch.float64)
    means[:, 0] = torch.tensor(places, dtype=torch.float64)
    variances = torch.full((len(places),), std**2, dtype=torch.float64)
    return GaussianMixtureEnergy(torch.tensor(weights).double(), means, variances)


MISSED = "a mode with 0.3 of the mass, 8 deviations away, that the initial law misses"
FAR = "a second minimum with 0.8 of the mass, 20 deviations away from the data"
FEW = "too few temperatures for 60 dimensions"
VISIT = "of the mass and is not visited"


def missed_mode() -> GaussianMixtureEnergy:
    """Return the model of :data:`MISSED`."""
    return round_modes(8, [0.0, 8.0], [0.7, 0.3])


def far_minimum() -> GaussianMixtureEnergy:
    """Return the model of :data:`FAR`."""
    return round_modes(8, [0.0, 20.0], [0.2, 0.8])


def narrow() -> GaussianMixtureEnergy:
    """Return a Gaussian far narrower than the initial law."""
    return round_modes(60, [0.0], [1.0], std=0.15)


def broken() -> GaussianMixtureEnergy:
    """Return a model whose energy is not a number."""
    model = round_modes(4, [0.0], [1.0])
    model.constants.fill_(math.nan)
    return model


REFUSALS = (
    Refusal(MISSED, "ais", lambda g: ais(missed_mode(), g, initial=standard_law(8)), VISIT),
    Refusal(MISSED, "smc", lambda g: smc(missed_mode(), g, initial=standard_law(8)), VISIT),
    Refusal(
        MISSED,
        "importance",
        lambda g: importance_sampling(missed_mode(), g, initial=standard_law(8)),
        VISIT,
    ),
    Refusal(FAR, "ais", lambda g: ais(far_minimum(), g, initial=standard_law(8)), VISIT),
    Refusal(FAR, "smc", lambda g: smc(far_minimum(), g, initial=standard_law(8)), VISIT),
    Refusal(
        FAR,
        "importance",
        lambda g: importance_sampling(far_minimum(), g, initial=standard_law(8)),
        VISIT,
    ),
    Refusal(MISSED, "mbar", lambda g: mbar(missed_mode(), g, initial=standard_law(8)), VISIT),
    Refusal(FAR, "mbar", lambda g: mbar(far_minimum(), g, initial=standard_law(8)), VISIT),
    Refusal(
        FEW,
        "mbar",
        lambda g: mbar(narrow(), g, initial=standard_law(60), ladders=replace(LADDERS, most=1)),
        "travelled from the Gaussian to the model",
    ),
    Refusal(
        FEW,
        "ais",
        lambda g: ais(narrow(), g, effort=0, initial=standard_law(60)),
        "K and K/2 temperatures differ by",
    ),
    Refusal(
        FEW,
        "bdmc",
        lambda g: bdmc(narrow(), narrow().sampler(), g, initial=standard_law(60), temperatures=4),
        "bracket",
    ),
    Refusal(
        FEW,
        "smc",
        lambda g: smc(narrow(), g, initial=standard_law(60), temperatures=4),
        "two standard errors are",
    ),
    Refusal(
        "tails heavier than the proposal's, 20 dimensions",
        "importance",
        lambda g: importance_sampling(
            round_modes(20, [0.0], [1.0], std=2.0), g, initial=standard_law(20)
        ),
        "Pareto k",
    ),
    Refusal(
        "Neal's funnel as published, 10 dimensions, from a law with its moments",
        "ais",
        lambda g: ais(FunnelEnergy(10, 3.0), g),
        "refused",
    ),
    Refusal(
        "Neal's funnel as published, 10 dimensions, from a law adapted to it",
        "adaptive",
        lambda g: adaptive(FunnelEnergy(10, 3.0), g),
        "refused",
    ),
    Refusal(
        "an energy that is not a number",
        "adaptive",
        lambda g: adaptive(broken(), g, effort=0, initial=standard_law(4)),
        "not finite",
    ),
    Refusal(
        "two spikes of width 1e-7",
        "quadrature",
        lambda g: quadrature(round_modes(1, [0.1234, 4.0], [0.5, 0.5], std=1e-7)),
        "differ by",
    ),
    Refusal(
        "an energy that is not a number",
        "ais",
        lambda g: ais(broken(), g, effort=0, initial=standard_law(4)),
        "not finite",
    ),
)


@dataclass(frozen=True)
class RefusalOutcome:
    """What an estimator said about a hard case."""

    name: str
    estimator: str
    error: float
    """The number that it would have given, minus the truth, in nats."""
    note: str
    refused: bool
    """Whether the number is refused, and for the right reason."""


def run_refusal(index: int) -> RefusalOutcome:
    """Run one of :data:`REFUSALS`."""
    refusal = REFUSALS[index]
    found = refusal.estimate()
    refused = not found.certified and refusal.phrase in found.note
    return RefusalOutcome(refusal.name, refusal.estimator, found.log_z, found.note, refused)
