"""Pictures of the tasks in the plane: the true density beside what each method learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Density, Loader, Sizes
from ebmbench.options import build
from ebmbench.partition.base import log_density
from ebmbench.partition.quadrature import Box, midpoints, reference_box, tabulate
from ebmbench.records import Record, Status, record_path
from ebmbench.registry import LOADERS
from ebmbench.weights import load_energy

CELLS = 200
"""Per axis of a picture."""
SUM_CELLS = 192
"""Per axis of the grid that normalises."""
DEVIATIONS = 6.0
"""Half the side of that grid, in standard deviations of the data."""
COLUMNS = 7
PANEL_INCHES = 2.1
MAP = "magma"

Picture = NDArray[np.float64]


def draw_densities(records: Sequence[Record], out: Path) -> list[Path]:
    """Draw every task in the plane whose true density is known, each method by its first seed.

    All panels share the colours, which end at the peak of the true density, and the box, which
    holds the data. Learned densities are normalised by a sum over a far larger box.

    Arguments:
        records: runs; those without weights are left out.
        out: the output folder, where weights lie beside records.

    Returns:
        The files written.
    """
    paths = []
    for task in sorted({r.task for r in records if r.task_card.family == "2d"}):
        first = {
            record.method: record
            for record in sorted(records, key=lambda r: -r.seed)
            if record.task == task and record.status is Status.OK and record.weights is not None
        }
        runs = [first[method] for method in sorted(first) if weights_path(out, first[method])]
        truth = _truth(runs[0].task_card) if runs else None
        if truth is None:
            continue
        path = out / "figures" / f"{task.replace('/', '-')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        _figure(task, truth, runs, out).savefig(path, dpi=110)
        paths.append(path)
    return paths


def weights_path(out: Path, record: Record) -> Path | None:
    """Return the weights beside a record, or ``None`` where they were left out or taken away."""
    if record.weights is None:
        return None
    path = record_path(out, record.task, record.method, record.seed).parent / record.weights
    return path if path.is_file() else None


def learned_density(path: Path, task: TaskCard, box: Box) -> Picture:
    """Return the normalised density of stored weights on a picture's grid, ``(CELLS, CELLS)``.

    Arguments:
        path: the safetensors file.
        task: the card of the run.
        box: the part of the plane that is looked at.
    """
    energy = load_energy(path, task).requires_grad_(False)
    exact = energy.log_z()
    if exact is None:
        log_z = tabulate(energy, reference_box(energy, DEVIATIONS), SUM_CELLS).log_z
    else:
        log_z = float(exact)
    values = log_density(energy, midpoints(box, (CELLS, CELLS))) - log_z
    return cast(Picture, values.exp().reshape(CELLS, CELLS).numpy())


def _truth(card: TaskCard) -> Density | None:
    where = f"task {card.name!r}, [data.options]"
    loader = cast(Loader, build(LOADERS.get(card.data.loader), card.data.options, where))
    return None if loader.files() else loader.load(Sizes(2, 2, 2), 0, None).truth


def _square(truth: Density) -> Box:
    rows = truth.sample(4000, torch.Generator().manual_seed(0))
    centre = (rows.amax(0) + rows.amin(0)) / 2
    half = 1.12 * float((rows - centre).abs().max()) * torch.ones(2, dtype=torch.float64)
    return Box(centre - half, centre + half)


def _figure(task: str, truth: Density, runs: Sequence[Record], out: Path) -> Figure:
    box = _square(truth)
    points: Tensor = midpoints(box, (CELLS, CELLS))
    true = truth.log_prob(points).exp().reshape(CELLS, CELLS).numpy()
    panels: list[tuple[str, Picture]] = [("true density", true)]
    for run in runs:
        path = weights_path(out, run)
        if path is not None:
            panels.append((_title(run), learned_density(path, run.task_card, box)))
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
