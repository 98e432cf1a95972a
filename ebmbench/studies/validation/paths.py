"""How the temperatures are spaced, at equal cost: what the pilot run's schedule is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ebmbench.energies.base import Energy
from ebmbench.partition import InitialGaussian
from ebmbench.partition.annealing import anneal, anneal_back
from ebmbench.samplers.path import AnnealingPath
from ebmbench.samplers.pilot import pilot
from ebmbench.seeds import generator
from ebmbench.studies.validation.cases import CASES, sampled

SPACINGS = ("learned", "even", "geometric")
"""By thermodynamic length; evenly in ``b``; geometrically in ``b`` from a thousandth."""
TEMPERATURES = (16, 32, 64, 128)
CHAINS = 100
MODELS = ("mixture-50 separated", "funnel-10", "ica-50", "nice-64")
LAWS = {"moments": 1.0, "wide": 3.0}
"""Initial laws: the moments of the model, and the same three times as wide."""


@dataclass(frozen=True)
class Gap:
    """Forward and reverse annealing at one number of temperatures."""

    model: str
    law: str
    spacing: str
    temperatures: int
    width: float
    """Mean log-weight of the reverse chains minus that of the forward ones, in nats: the bracket
    of single chains, which falls as one over the number of temperatures."""


def spaced(path: AnnealingPath, spacing: str) -> AnnealingPath:
    """Return a path whose temperatures are spaced in another way."""
    if spacing == "even":
        return replace(path, length=path.betas)
    if spacing == "geometric":
        knots = torch.logspace(-3, 0, len(path.betas) - 1, dtype=torch.float64)
        betas = torch.cat([torch.zeros(1, dtype=torch.float64), knots])
        places = torch.linspace(0, 1, len(betas), dtype=torch.float64)
        return AnnealingPath(betas, path.step_size(betas), places)
    return path


def measure_gaps(model: str) -> list[Gap]:
    """Measure all spacings on one of :data:`MODELS`."""
    case = CASES[model]
    energy = case.build().requires_grad_(False)
    return [
        gap
        for name, scale in LAWS.items()
        for gap in _gaps(energy, case.law(energy).widened(scale), model, name)
    ]


def _gaps(energy: Energy, law: InitialGaussian, model: str, name: str) -> list[Gap]:
    random = generator("validation", "paths", model, name)
    bridge = law.bridge_to(energy)
    path = pilot(bridge, random)
    found = []
    for spacing in SPACINGS:
        for count in TEMPERATURES:
            chosen = spaced(path, spacing)
            forward = anneal(bridge, chosen, count, CHAINS, generator=random).log_z
            start = law.to_z(sampled(energy).draw(CHAINS, random))
            at = bridge.evaluate(start)
            back = anneal_back(bridge, chosen, count, at, generator=random).log_z
            width = float(back.mean() - forward.mean())
            found.append(Gap(model, name, spacing, count, width))
    return found
