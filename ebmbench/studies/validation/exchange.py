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
from ebmbench.partition.sampling import LADDERS, positions
from ebmbench.samplers.ladders import temper
from ebmbench.samplers.path import AnnealingPath
from ebmbench.samplers.pilot import pilot, transition
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
    """Of the processor."""


def measure_mixing(model: str) -> list[Mixing]:
    """Measure all samplers on one of :data:`MODELS`."""
    energy = CASES[model].build().requires_grad_(False)
    law = CASES[model].law(energy)
    return [_mixing(model, sampler, energy, law) for sampler in SAMPLERS]


def _mixing(model: str, sampler: str, energy: Energy, law: InitialGaussian) -> Mixing:
    squares, swaps, restarts = [], [], []
    begin = time.process_time()
    for repeat in range(REPEATS):
        random = generator("validation", "mixing", model, sampler, repeat)
        if sampler == "exact":
            x = sampled(energy).draw(SAMPLES, random)
        else:
            bridge = law.bridge_to(energy)
            path = pilot(bridge, random)
            if sampler == "one temperature":
                x = _one_temperature(energy, law, path, random)
            else:
                ladders = LADDERS[1]
                found = temper(bridge, path, ladders, SAMPLES // ladders.chains, generator=random)
                x = positions(found, law)
                swaps.append(float(found.swap_rates.min()))
                restarts.append(found.restarts)
        squares.append((float((x.sum(1) < 0).double().mean()) - HEAVY) ** 2)
    return Mixing(
        model,
        sampler,
        math.sqrt(statistics.fmean(squares)),
        min(swaps, default=None),
        statistics.fmean(restarts) if restarts else None,
        (time.process_time() - begin) / REPEATS,
    )


def _one_temperature(
    energy: Energy, law: InitialGaussian, path: AnnealingPath, random: torch.Generator
) -> Tensor:
    """Return as many draws after as many transitions as in parallel tempering, at ``b = 1``."""
    ladders = LADDERS[1]
    rungs = ladders.steps(path)
    bridge = law.bridge_to(energy)
    state = bridge.evaluate(bridge.initial.draw(ladders.chains, random))
    step_size, draws = float(path.step_sizes[-1]), SAMPLES // ladders.chains
    kept = []
    for k in range(rungs * (ladders.burn_in + draws * ladders.thinning)):
        state, _ = transition(bridge, state, 1.0, step_size, generator=random)
        done = k + 1 - rungs * ladders.burn_in
        if done > 0 and done % (rungs * ladders.thinning) == 0:
            kept.append(law.to_x(state.x))
    return torch.cat(kept)
