"""Samples of a trained energy, drawn once, and the held-out rows they are compared with."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.energies.pulled_back import PulledBack
from ebmbench.metrics.base import Evaluation, once
from ebmbench.metrics.log_partition import ais_run, model_grid
from ebmbench.partition.sampling import (
    Samples,
    best_sampler,
    by_own_sampler,
    from_grid,
    model_samples,
    tempered_samples,
)

SAMPLES = (500, 2000, 10_000)
"""Model samples for ``effort`` 0, 1 and 2."""


def samples_of(evaluation: Evaluation) -> Samples:
    """Return model samples: by the sampler of the model or the method, else by our own.

    The notes of metrics say which; only exact draws are called exact.
    """
    return once(evaluation, "samples", lambda: _draw(evaluation, evaluation.own_sampler))


def energy_samples(evaluation: Evaluation) -> Samples:
    """Return samples of the energy itself, whatever sampler the method brings beside it."""
    if evaluation.own_sampler is None:
        return samples_of(evaluation)
    return once(evaluation, "energy_samples", lambda: _draw(evaluation, None))


def _draw(evaluation: Evaluation, of_method: OwnSampler | None) -> Samples:
    n, generator = SAMPLES[evaluation.effort], evaluation.generator("model samples")
    energy, how = evaluation.energy, evaluation.card.metrics.log_z
    own = best_sampler(energy, of_method)
    if own is not None:
        return by_own_sampler(own, energy.dim, n, generator)
    if energy.log_z() is None and how == "quadrature":
        return from_grid(model_grid(evaluation), n, generator)
    if energy.log_z() is None and how == "ais":
        run = ais_run(evaluation)
        inner = energy.inner if isinstance(energy, PulledBack) else energy
        drawn = tempered_samples(
            inner, run.initial, run.path, n, generator=generator, effort=evaluation.effort
        )
        if isinstance(energy, PulledBack):
            drawn = replace(drawn, x=energy.map.on_cpu().invert(drawn.x))
        return drawn
    return model_samples(energy, n, generator, evaluation.effort)


def held_out(evaluation: Evaluation) -> Tensor:
    """Return as many test rows as there are model samples, in float64, in random order."""
    test = evaluation.dataset.test
    order = torch.randperm(len(test), generator=evaluation.generator("held-out rows"))
    return test[order[: SAMPLES[evaluation.effort]]].double()


def counts(drawn: Samples, rows: Tensor) -> str:
    """Say how many points are compared, and how the model's were drawn."""
    return f"{len(drawn.x)} model samples, {len(rows)} test rows; {drawn.how}"
