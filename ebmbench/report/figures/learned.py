"""Densities in the plane as grids of numbers: what is true, and what stored weights say."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from ebmbench.cards import TaskCard, card_hash
from ebmbench.datasets.base import Density, Sizes
from ebmbench.harness.build import make_loader
from ebmbench.harness.weights import load_energy
from ebmbench.partition.base import log_density
from ebmbench.partition.grid import Box, midpoints, reference_box, tabulate

CELLS = 200
"""Per axis of a picture."""
SUM_CELLS = 192
"""Per axis of the grid that normalises."""
DEVIATIONS = 6.0
"""Half the side of that grid, in standard deviations of the data."""

Picture = NDArray[np.float64]


def learned_density(path: Path, task: TaskCard, box: Box, cache: Path | None = None) -> Picture:
    """Return the normalised density of stored weights on a picture's grid, ``(CELLS, CELLS)``.

    Arguments:
        path: the safetensors file.
        task: the card of the run.
        box: the part of the plane that is looked at.
        cache: a folder that keeps the result, under a hash of all that it depends on.
    """
    if cache is None:
        return _tabulated(path, task, box)
    asked = (path.read_bytes(), card_hash(task), box.low.tolist(), box.high.tolist(), CELLS)
    kept = cache / f"{hashlib.sha256(repr(asked).encode()).hexdigest()[:32]}.npy"
    if not kept.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(kept, _tabulated(path, task, box).astype(np.float32))
    return cast(Picture, np.load(kept).astype(np.float64))


def cache_of(out: Path) -> Path:
    """Return the folder that keeps the densities of an output folder between two reports."""
    return out / ".cache" / "densities"


def true_density(card: TaskCard, seed: int) -> Density | None:
    """Return the density that a task's rows are drawn from, if it is known and needs no file."""
    loader = make_loader(card)
    return None if loader.files() else loader.load(Sizes(2, 2, 2), seed, None).truth


def square_box(truth: Density) -> Box:
    """Return the square that holds the data of a density in the plane."""
    rows = truth.sample(4000, torch.Generator().manual_seed(0))
    centre = (rows.amax(0) + rows.amin(0)) / 2
    half = 1.12 * float((rows - centre).abs().max()) * torch.ones(2, dtype=torch.float64)
    return Box(centre - half, centre + half)


def true_picture(truth: Density, box: Box) -> Picture:
    """Return a known density on a picture's grid, ``(CELLS, CELLS)``."""
    values = truth.log_prob(midpoints(box, (CELLS, CELLS))).exp()
    return cast(Picture, values.reshape(CELLS, CELLS).numpy())


def _tabulated(path: Path, task: TaskCard, box: Box) -> Picture:
    energy = load_energy(path, task).requires_grad_(False)
    exact = energy.log_z()
    if exact is None:
        log_z = tabulate(energy, reference_box(energy, DEVIATIONS), SUM_CELLS).log_z
    else:
        log_z = float(exact)
    values = log_density(energy, midpoints(box, (CELLS, CELLS))) - log_z
    return cast(Picture, values.exp().reshape(CELLS, CELLS).numpy())
