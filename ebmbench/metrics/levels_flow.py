"""The likelihood by the probability flow of all noise levels, and its distance to the energy's."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.metrics.base import Evaluation, Measurement, once
from ebmbench.metrics.held_out import test_log_density
from ebmbench.metrics.log_partition import levels_of, log_z_of
from ebmbench.partition.flow_ode import flow_log_density

FLOW_ROWS = (100, 1000, 2000)
"""Test rows whose flow is followed, for ``effort`` 0, 1 and 2."""
TRACES = 1 << 14
"""Rows times dimensions of those, at most, since a trace costs a product for each dimension."""
LEAST_ROWS = 32


def ode_log_likelihood(evaluation: Evaluation) -> Measurement | None:
    """Return the mean log-likelihood of test rows under the probability flow of all levels."""
    found = _flow(evaluation)
    if found is None:
        return None
    flow, _ = found
    error = float(flow.std()) / math.sqrt(len(flow))
    return Measurement(float(flow.mean()), error, note=f"{len(flow)} test rows, exact trace")


def inconsistency(evaluation: Evaluation) -> Measurement | None:
    """Return the mean distance between the flow's and the energy's log-density of a row."""
    found = _flow(evaluation)
    if found is None:
        return None
    flow, of_energy = found
    log_z = log_z_of(evaluation)
    apart = flow - (of_energy - log_z.log_z)
    mean, rows = float(apart.mean()), apart.abs()
    return Measurement(
        value=float(rows.mean()),
        stderr=math.hypot(float(rows.std()) / math.sqrt(len(rows)), log_z.stderr),
        certified=log_z.certified,
        note=f"flow less energy {mean:+.4g} nats on average over {len(rows)} test rows",
    )


def _flow(evaluation: Evaluation) -> tuple[Tensor, Tensor] | None:
    """Return log-densities of some test rows under the flow, and ``-E`` of the same rows."""
    found = levels_of(evaluation)
    if found is None or not evaluation.energy.smooth:
        return None
    energy, coordinates = found

    def compute() -> tuple[Tensor, Tensor]:
        test = evaluation.dataset.test
        n = max(LEAST_ROWS, min(FLOW_ROWS[evaluation.effort], TRACES // test.shape[1]))
        order = torch.randperm(len(test), generator=evaluation.generator("flow rows"))[:n]
        rows, log_det = test[order], 0.0
        if coordinates is not None:
            rows, log_det = coordinates.on_cpu().apply(rows), coordinates.log_det
        return flow_log_density(energy, rows) + log_det, test_log_density(evaluation)[order]

    return once(evaluation, "flow", compute)
