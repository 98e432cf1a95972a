"""The true and the model's density on one grid, tabulated once."""

from __future__ import annotations

import math

import torch

from ebmbench.metrics.base import Evaluation, once
from ebmbench.metrics.log_partition import log_z_of
from ebmbench.partition.grid import Box, Grid, midpoints, tabulate

TABLE_CELLS = (192, 320, 512)
"""Cells per axis of the table of both densities, for ``effort`` 0, 1 and 2."""
MASS_TOLERANCE = 1e-3
"""Mass that the table of the true density may miss before numbers from it are refused."""


def truth_and_model(evaluation: Evaluation) -> tuple[Grid, Grid] | None:
    """Return the true and the model's log-density on one grid; ``None`` but in 2D with a truth.

    The box holds all rows and a margin of four root mean square deviations of the data. The true
    density is normalised; the model's is normalised by its ``log Z``.
    """
    truth = evaluation.dataset.truth
    if truth is None or evaluation.energy.dim != 2:
        return None

    def table() -> tuple[Grid, Grid]:
        data = evaluation.dataset
        rows = torch.cat([data.train, data.validation, data.test]).double()
        low, high, scale = rows.amin(0), rows.amax(0), data_scale(evaluation)
        box = Box(low - 4 * scale, high + 4 * scale)
        cells = TABLE_CELLS[evaluation.effort]
        model = tabulate(evaluation.energy, box, cells)
        points = midpoints(box, (cells, cells))
        # a true density can be costly; away from all rows it is nothing, which its total confirms
        near = ((points > low - 2 * scale) & (points < high + 2 * scale)).all(1)
        true = torch.full((len(points),), -math.inf, dtype=torch.float64)
        true[near] = truth.log_prob(points[near]).double()
        true = true.reshape(cells, cells)
        return Grid(box, true), Grid(box, model.log_density - log_z_of(evaluation).log_z)

    return once(evaluation, "truth_and_model", table)


def data_scale(evaluation: Evaluation) -> float:
    """Return the root mean square deviation of the training rows over coordinates."""
    return float(evaluation.dataset.train.double().var(0).mean().sqrt())
