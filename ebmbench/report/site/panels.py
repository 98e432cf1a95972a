"""What a picture shows, as numbers: densities in the plane, sheets of images, ICA's mixing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from ebmbench.datasets.ica import ICADensity
from ebmbench.metrics.ica import demixing_of
from ebmbench.partition.grid import Box, Grid
from ebmbench.records import Record
from ebmbench.report.figures.at_hand import density_at_hand, energy_at_hand, truth_at_hand
from ebmbench.report.figures.densities import MAP
from ebmbench.report.figures.learned import CELLS, Picture, square_box, true_picture

POINTS = 4000
"""Samples in a picture of the plane."""
SHEET = 8
"""Images along each side of a sheet."""


@dataclass(frozen=True)
class Panel:
    """One picture before it is coloured."""

    name: str
    title: str
    values: Picture
    """Rows from the top."""
    low: float
    high: float
    colours: str
    """A colour map of matplotlib."""


def plane_panels(runs: Sequence[Record], out: Path) -> Mapping[str, Sequence[Panel]]:
    """Return density, samples and error of every method on a task in the plane, and the truth."""
    truth = truth_at_hand(runs[0], out)
    if truth is None:
        return {}
    box = square_box(truth)
    true = true_picture(truth, box)
    top = float(np.quantile(true, 0.999))
    strips = {"": [_density("true density", true, top), _samples(true, box)]}
    for run in runs:
        learned = density_at_hand(run, box, out)
        if learned is not None:
            error = Panel("error", "learned − true", _turned(learned - true), -top, top, "RdBu_r")
            density = _density("learned density", learned, top)
            strips[run.method] = [density, _samples(learned, box), error]
    return strips


def mixing_panels(runs: Sequence[Record], out: Path) -> Mapping[str, Sequence[Panel]]:
    """Return, per method, what it makes of each true source: the identity where it recovers all.

    Row ``i`` is a recovered source, column ``j`` a true one; the entry is the share of ``j`` in
    ``i``, with recovered sources in the best order.
    """
    strips = {}
    for run in runs:
        truth, energy = truth_at_hand(run, out), energy_at_hand(run, out)
        demixing = None if energy is None else demixing_of(energy)
        if isinstance(truth, ICADensity) and demixing is not None:
            found = demixing.numpy()
            product = np.abs(found @ np.linalg.inv(truth.demixing.double().numpy()))
            product /= product.max(1, keepdims=True)
            rows, columns = linear_sum_assignment(-product)
            ordered = product[rows[np.argsort(columns)]]
            title = "recovered × true sources"
            strips[run.method] = [Panel("mixing", title, ordered, 0.0, 1.0, MAP)]
    return strips


def image_panels(runs: Sequence[Record], out: Path) -> Mapping[str, Sequence[Panel]]:
    """Return a sheet of exact samples of every method whose energy can draw them."""
    strips = {}
    for run in runs:
        energy = energy_at_hand(run, out)
        own = None if energy is None else energy.sampler()
        if own is not None and own.exact:
            rows = own.draw(SHEET * SHEET, torch.Generator().manual_seed(0)).detach()
            side = round(rows.shape[1] ** 0.5)
            # The rows are logits of grey values.
            grey = torch.sigmoid(rows.double()).numpy().reshape(SHEET, SHEET, side, side)
            framed = np.pad(grey, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=0.5)
            sheet = framed.transpose(0, 2, 1, 3).reshape(SHEET * (side + 1), -1)
            strips[run.method] = [Panel("samples", "exact samples", sheet, 0.0, 1.0, "gray")]
    return strips


def _density(title: str, values: Picture, top: float) -> Panel:
    return Panel("density", title, _turned(values), 0.0, top, MAP)


def _samples(density: Picture, box: Box) -> Panel:
    """Count points drawn from a tabulated density; they are those inside the picture."""
    grid = Grid(box, torch.from_numpy(density).clamp_min(1e-300).log())
    points = grid.sample(POINTS, torch.Generator().manual_seed(0)).numpy()
    edges = [
        np.linspace(float(a), float(b), CELLS + 1) for a, b in zip(box.low, box.high, strict=True)
    ]
    counts, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=edges)
    return Panel("samples", f"{POINTS} samples", _turned(counts), 0.0, 1.0, MAP)


def _turned(values: Picture) -> Picture:
    """Turn ``[x, y]`` with ``y`` upwards into rows from the top."""
    return np.flipud(values.T)
