"""The evaluation sampler on separated modes, beside chains at the model's temperature alone."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from ebmbench.energies.base import Energy
from ebmbench.partition import InitialGaussian
from ebmbench.partition.annealing import AnnealingPath, particles_at, pilot, transition
from ebmbench.partition.sampling import LADDERS
from ebmbench.partition.tempering import temper
from ebmbench.seeds import generator
from ebmbench.studies.validation.cases import CASES, sampled

MODELS = ("mixture-2 separated", "mixture-10 separated", "mixture-50 separated")
SAMPLERS = ("parallel tempering", "one temperature", "exact")
SAMPLES = 2000
REPEATS = 5
HEAVY = 0.7
"""Mass of the mode on the negative side of all these mixtures."""


@dataclass(frozen=True)
class Mixing:
    """How well one sampler shares the samples out between the modes."""

    model: str
    sampler: str
    weight_error: float
    """Root mean square over repeats of the heavy mode's share minus its mass."""
    swap_rate: float | None
    """The lowest between neighbours."""
    restarts: float | None
    """Per ladder, on average."""
    seconds: float


def measure_mixing(model: str) -> list[Mixing]:
    """Measure all samplers on one of :data:`MODELS`."""
    energy = CASES[model].build().requires_grad_(False)
    law = CASES[model].law(energy)
    return [_mixing(model, sampler, energy, law) for sampler in SAMPLERS]


def _mixing(model: str, sampler: str, energy: Energy, law: InitialGaussian) -> Mixing:
    squares, swaps, restarts = [], [], []
    begin = time.perf_counter()
    for repeat in range(REPEATS):
        random = generator("validation", "mixing", model, sampler, repeat)
        if sampler == "exact":
            x = sampled(energy).sample(SAMPLES, random)
        else:
            plan = pilot(energy, law, random)
            if sampler == "one temperature":
                x = _one_temperature(energy, law, plan, random)
            else:
                ladders = LADDERS[1]
                found = temper(energy, law, plan, ladders, SAMPLES // ladders.chains, random)
                x = found.x.flatten(0, 1)
                swaps.append(float(found.swap_rates.min()))
                restarts.append(found.restarts)
        squares.append((float((x.sum(1) < 0).double().mean()) - HEAVY) ** 2)
    return Mixing(
        model,
        sampler,
        math.sqrt(statistics.fmean(squares)),
        min(swaps, default=None),
        statistics.fmean(restarts) if restarts else None,
        (time.perf_counter() - begin) / REPEATS,
    )


def _one_temperature(
    energy: Energy, law: InitialGaussian, plan: AnnealingPath, random: torch.Generator
) -> Tensor:
    """Return as many draws after as many transitions as in parallel tempering, at ``b = 1``."""
    ladders = LADDERS[1]
    rungs = ladders.steps(plan)
    z = torch.randn(ladders.chains, law.dim, generator=random).to(law.mean)
    particles = particles_at(energy, law, z)
    step_size, draws = float(plan.step_sizes[-1]), SAMPLES // ladders.chains
    kept = []
    for k in range(rungs * (ladders.burn_in + draws * ladders.thinning)):
        particles, _ = transition(energy, law, particles, 1.0, step_size, random)
        done = k + 1 - rungs * ladders.burn_in
        if done > 0 and done % (rungs * ladders.thinning) == 0:
            kept.append(law.to_x(particles.z))
    return torch.cat(kept)
