"""Pictures of the tasks in the plane: the true density beside what each method learned."""

from __future__ import annotations

import hashlib
import logging
import math
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ebmbench.cards import TaskCard, card_hash
from ebmbench.datasets.base import Density, Loader, Sizes
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.weights import load_energy
from ebmbench.options import build
from ebmbench.partition.base import log_density
from ebmbench.partition.grid import Box, midpoints, reference_box, tabulate
from ebmbench.records import Record, Status, record_path
from ebmbench.registry import LOADERS
from ebmbench.report.figures.saving import save

CELLS = 200
"""Per axis of a picture."""
SUM_CELLS = 192
"""Per axis of the grid that normalises."""
DEVIATIONS = 6.0
"""Half the side of that grid, in standard deviations of the data."""
COLUMNS = 7
PANEL_INCHES = 2.1
MAP = "magma"

LOG = logging.getLogger(__name__)

Picture = NDArray[np.float64]


def draw_densities(records: Sequence[Record], out: Path, form: str = "png") -> list[Path]:
    """Draw every task in the plane whose true density is known, each method by its first seed.

    All panels share the colours, which end at the peak of the true density, and the box, which
    holds the data. Learned densities are normalised by a sum over a far larger box. What cannot
    be rebuilt here, such as an energy whose class is not at hand, is left out, and said so in
    the log.

    Arguments:
        records: runs; those without weights are left out.
        out: the output folder, where weights lie beside records.
        form: ``png``, ``pdf`` or ``svg``.

    Returns:
        The files written.
    """
    paths = []
    for task, runs in drawable(records, out).items():
        truth = truth_at_hand(runs[0], out)
        if truth is None:
            continue
        box = square_box(truth)
        learned = [(run, density_at_hand(run, box, out)) for run in runs]
        panels = [(_title(run), picture) for run, picture in learned if picture is not None]
        if panels:
            path = out / "figures" / f"{task.replace('/', '-')}.{form}"
            save(_figure(task, box, true_picture(truth, box), panels), path, dpi=110)
            paths.append(path)
    return paths


def drawable(records: Sequence[Record], out: Path, family: str = "2d") -> dict[str, list[Record]]:
    """Return, per task of a family, the first good run of every method that has weights."""
    first: dict[str, dict[str, Record]] = defaultdict(dict)
    for record in sorted(records, key=lambda r: (r.task, r.method, r.seed)):
        if record.task_card.family == family and record.status is Status.OK and record.weights:
            first[record.task].setdefault(record.method, record)
    with_weights = {
        task: [run for run in runs.values() if weights_path(out, run) is not None]
        for task, runs in first.items()
    }
    return {task: runs for task, runs in with_weights.items() if runs}


def weights_path(out: Path, record: Record) -> Path | None:
    """Return the weights beside a record, or ``None`` where they were left out or taken away."""
    if record.weights is None:
        return None
    path = record_path(out, record.task, record.method, record.seed).parent / record.weights
    return path if path.is_file() else None


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


def density_at_hand(run: Record, box: Box, out: Path) -> Picture | None:
    """Return what a run learned as :func:`learned_density`, or ``None`` where that cannot be."""
    path = weights_path(out, run)
    if path is None:
        return None
    try:
        return learned_density(path, run.task_card, box, cache_of(out))
    except EbmbenchError as error:
        _leave_out(out, run.task, str(error))
        return None


def energy_at_hand(run: Record, out: Path) -> Energy | None:
    """Return the energy of a run, or ``None`` where its weights or its class are not there."""
    path = weights_path(out, run)
    if path is None:
        return None
    try:
        return load_energy(path, run.task_card)
    except EbmbenchError as error:
        _leave_out(out, run.task, str(error))
        return None


def truth_at_hand(run: Record, out: Path) -> Density | None:
    """Return :func:`true_density` of a run's task, or ``None`` where its loader is not there."""
    try:
        return true_density(run.task_card, run.seed if run.task_card.family == "ica" else 0)
    except EbmbenchError as error:
        _leave_out(out, run.task, str(error))
        return None


@lru_cache(maxsize=4096)
def _leave_out(out: Path, task: str, reason: str) -> None:
    """Log what is left out of the report of a folder; once, however many pictures it is."""
    LOG.warning("%s: pictures of %s are left out: %s", out, task, reason)


def cache_of(out: Path) -> Path:
    """Return the folder that keeps the densities of an output folder between two reports."""
    return out / ".cache" / "densities"


def true_density(card: TaskCard, seed: int) -> Density | None:
    """Return the density that a task's rows are drawn from, if it is known and needs no file."""
    where = f"task {card.name!r}, [data.options]"
    loader = cast(Loader, build(LOADERS.get(card.data.loader), card.data.options, where))
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


def _figure(task: str, box: Box, true: Picture, learned: Sequence[tuple[str, Picture]]) -> Figure:
    panels = [("true density", true), *learned]
    columns = min(len(panels), COLUMNS)
    lines = math.ceil(len(panels) / columns)
    size = (PANEL_INCHES * columns, (PANEL_INCHES + 0.25) * lines + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes: list[Axes] = list(np.ravel(figure.subplots(lines, columns, squeeze=False)))
    top = float(np.quantile(true, 0.999))
    (left, bottom), (right, upper) = box.low.tolist(), box.high.tolist()
    for ax in axes:
        ax.set_axis_off()
    for ax, (title, values) in zip(axes, panels, strict=False):
        extent = (left, right, bottom, upper)
        ax.imshow(values.T, origin="lower", extent=extent, cmap=MAP, vmin=0, vmax=top)
        ax.set_title(title, fontsize=9)
    figure.suptitle(f"{task}: density, and test log-likelihood in nats", fontsize=10)
    return figure


def _title(run: Record) -> str:
    number = run.metrics.get("log_likelihood")
    if number is None or not number.certified:
        return f"{run.method}  refused"
    return f"{run.method}  {number.value:.2f}"
