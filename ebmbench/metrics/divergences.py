"""Distances between the true and the model's density in 2D, by quadrature."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.density_tables import MASS_TOLERANCE, truth_and_model
from ebmbench.metrics.log_partition import log_z_of, model_grid
from ebmbench.partition.grid import Grid
from ebmbench.partition.quadrature import POINTS


def kl_divergence(evaluation: Evaluation) -> Measurement | None:
    """Return ``KL(p ‖ p_θ)``; none but in 2D with a known density."""
    tables = truth_and_model(evaluation)
    if tables is None:
        return None
    p, q = (grid.log_density for grid in tables)
    terms = torch.where(p > p.max() - 60, p.exp() * (p - q), 0.0)
    return _measured(evaluation, tables, float(terms.sum()) * _cell(tables[0]))


def total_variation(evaluation: Evaluation) -> Measurement | None:
    """Return ``½ ∫ |p - p_θ|``; none but in 2D with a known density."""
    tables = truth_and_model(evaluation)
    if tables is None:
        return None
    p, q = (grid.log_density.exp() for grid in tables)
    cell = _cell(tables[0])
    outside = max(0.0, 1 - float(q.sum()) * cell)
    return _measured(evaluation, tables, 0.5 * (float((p - q).abs().sum()) * cell + outside))


def hellinger(evaluation: Evaluation) -> Measurement | None:
    """Return ``(1 - ∫ √(p p_θ))^½``; none but in 2D with a known density."""
    tables = truth_and_model(evaluation)
    if tables is None:
        return None
    p, q = (grid.log_density for grid in tables)
    overlap = float((0.5 * (p + q)).exp().sum()) * _cell(tables[0])
    return _measured(evaluation, tables, math.sqrt(max(0.0, 1 - overlap)))


def mode_weight_error(evaluation: Evaluation) -> Measurement | None:
    """Return the mass on the wrong modes; none without modes or above three dimensions."""
    modes = evaluation.dataset.modes
    if modes is None or evaluation.energy.dim not in POINTS:
        return None
    centres = modes.centres.double()
    tables = truth_and_model(evaluation)
    if tables is None:
        true, found = modes.weights.double(), voronoi_masses(model_grid(evaluation), centres)
    else:
        true, found = (voronoi_masses(table, centres) for table in tables)
    shares = ", ".join(
        f"{float(a):.3f} for {float(b):.3f}" for a, b in zip(found, true, strict=True)
    )
    return Measurement(
        value=0.5 * float((found - true).abs().sum()),
        note=f"mass per mode, model for truth: {shares}" if len(centres) <= 8 else "",
    )


def voronoi_masses(grid: Grid, centres: Tensor) -> Tensor:
    """Return the mass of a tabulated density in the Voronoi cell of each centre, ``(m,)``."""
    mass = grid.probabilities().flatten()
    parts = [
        torch.cdist(points, centres).argmin(1) for points in torch.split(grid.points(), 1 << 16)
    ]
    return torch.zeros(len(centres), dtype=torch.float64).index_add_(0, torch.cat(parts), mass)


def _cell(grid: Grid) -> float:
    return float(grid.steps.prod())


def _measured(evaluation: Evaluation, tables: tuple[Grid, Grid], value: float) -> Measurement:
    lost = abs(math.expm1(tables[0].log_z))
    found = log_z_of(evaluation)
    agree = found.certified and lost <= MASS_TOLERANCE
    note = f"quadrature; the true density integrates to one within {lost:.1g} on the grid"
    if not found.certified:
        note = found.note
    elif not agree:
        note = f"refused: the true density misses one by {lost:.2g} on the grid"
    return Measurement(value=value, certified=agree, note=note)
