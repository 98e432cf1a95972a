"""Log-likelihood and what follows from it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.cards import TaskCard
from ebmbench.energies.base import Energy
from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.held_out import test_log_density
from ebmbench.metrics.log_partition import log_z_of
from ebmbench.partition.base import log_density
from ebmbench.partition.grid import reference_box, tabulate

COARSE_CELLS = {1: 1024, 2: 128}
COARSE_BOX = 6.0
"""Standard deviations of the reference to each side."""


def log_likelihood(evaluation: Evaluation) -> Measurement:
    """Return the mean test log-likelihood in nats per example."""
    return _with_log_z(evaluation, test_log_density(evaluation), 1.0)


def regret(evaluation: Evaluation) -> Measurement | None:
    """Return the truth's minus the model's log-likelihood of the test rows; none without truth."""
    truth = evaluation.dataset.truth
    if truth is None:
        return None
    true = truth.log_prob(evaluation.dataset.test.double()).double()
    return _with_log_z(evaluation, test_log_density(evaluation) - true, -1.0)


def bits_per_dim(evaluation: Evaluation) -> Measurement | None:
    """Return bits per dimension in raw units; none where the data has no raw units."""
    log_det = evaluation.dataset.test_log_det
    if log_det is None:
        return None
    rows = test_log_density(evaluation) + log_det.double()
    return _with_log_z(evaluation, rows, -1 / (evaluation.dataset.dim * math.log(2)))


def log_z_error(evaluation: Evaluation) -> Measurement | None:
    """Return the error of the ``log Z`` that the objective learned; none if it learned none."""
    if evaluation.learned_log_z is None:
        return None
    found = log_z_of(evaluation)
    learned = evaluation.learned_log_z
    return Measurement(
        value=abs(learned - found.log_z),
        stderr=found.stderr,
        certified=found.certified,
        note=f"learned {learned:.4f}, reference {found.log_z:.4f}; {found.note}",
    )


def cheap_log_likelihood(energy: Energy, rows: Tensor, card: TaskCard) -> float | None:
    """Return the mean log-likelihood of ``rows`` where ``log Z`` costs milliseconds, else none.

    Arguments:
        energy: the model, in training.
        rows: ``(n, d)``.
        card: says how ``log Z`` is found where the energy does not know it.
    """
    exact = energy.log_z()
    if exact is not None:
        constant = float(exact.detach())
    elif card.metrics.log_z == "quadrature" and energy.dim in COARSE_CELLS:
        constant = tabulate(
            energy, reference_box(energy, COARSE_BOX), COARSE_CELLS[energy.dim]
        ).log_z
    else:
        return None
    return float(log_density(energy, rows).mean()) - constant


def _with_log_z(evaluation: Evaluation, rows: Tensor, factor: float) -> Measurement:
    """Return ``factor · (mean(rows) - log Z)`` with its error and bracket."""
    found = log_z_of(evaluation)
    mean, n = float(rows.mean()), rows.numel()
    over_rows = float(torch.std(rows)) / math.sqrt(n)
    ends = [None if end is None else factor * (mean - end) for end in (found.upper, found.lower)]
    low, high = ends if factor > 0 else reversed(ends)
    point = None if found.point is None else factor * (mean - found.point)
    common = found.point_stderr
    return Measurement(
        value=factor * (mean - found.log_z),
        stderr=abs(factor) * math.hypot(over_rows, found.stderr),
        lower=low,
        upper=high,
        point=point,
        point_stderr=None if common is None else abs(factor) * math.hypot(over_rows, common),
        certified=found.certified,
        note=found.note,
    )
