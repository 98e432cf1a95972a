"""What is measured of an energy of many noise levels, beside what is measured of every energy."""

from __future__ import annotations

import math

import torch

from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.log_partition import ladder_log_z_of, levels_of, ordinary_log_z
from ebmbench.metrics.model_samples import samples_of
from ebmbench.partition.sampling import best_sampler, by_own_sampler

PER_MODE = (0, 400, 400)
"""Draws for every mode, for ``effort`` 0, 1 and 2."""
OF_LEVELS = ("sample_mode_error", "ladder_log_z_error", "ode_log_likelihood", "inconsistency")
"""Metrics of every run whose energy has levels; no task needs to name them."""


def sample_mode_error(evaluation: Evaluation) -> Measurement | None:
    r"""Return the mass of the method's own samples on wrong modes; none without modes.

    ``n`` draws of the true weights ``w`` are off by :math:`\sum_k \sqrt{w_k (1 - w_k) / 2\pi n}`
    on average, which the note gives.
    """
    modes = evaluation.dataset.modes
    if modes is None:
        return None
    weights = modes.weights.double()
    drawn = samples_of(evaluation)
    own = best_sampler(evaluation.energy, evaluation.own_sampler)
    n = max(len(drawn.x), PER_MODE[evaluation.effort] * len(weights))
    if own is not None and n > len(drawn.x):
        drawn = by_own_sampler(own, evaluation.energy.dim, n, evaluation.generator("modes"))
    nearest = torch.cdist(drawn.x, modes.centres.double()).argmin(1)
    shares = torch.bincount(nearest, minlength=len(weights)).double() / len(drawn.x)
    chance = float((weights * (1 - weights) / (2 * math.pi * len(drawn.x))).sqrt().sum())
    return Measurement(
        value=0.5 * float((shares - weights).abs().sum()),
        stderr=chance / math.sqrt(len(weights)),
        note=f"{len(drawn.x)} draws, {chance:.2g} by their number alone; {drawn.how}",
    )


def ladder_log_z_error(evaluation: Evaluation) -> Measurement | None:
    """Return how far ``log Z`` down the ladder is from that by the ordinary way."""
    if levels_of(evaluation) is None:
        return None
    down = ladder_log_z_of(evaluation)
    other = ordinary_log_z(evaluation)
    return Measurement(
        value=abs(down.log_z - other.log_z),
        stderr=math.hypot(down.stderr, other.stderr),
        certified=down.certified and other.certified,
        note=f"down the levels {down.log_z:.4f}, ordinary {other.log_z:.4f}; {down.note}",
    )
