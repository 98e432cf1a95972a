"""Pictures of the tasks in the plane: the true density beside what each method learned."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ebmbench.partition.grid import Box
from ebmbench.records import Record, Status
from ebmbench.report.figures.at_hand import (
    density_at_hand,
    drawn,
    truth_at_hand,
    weights_at_hand,
)
from ebmbench.report.figures.learned import Picture, square_box, true_picture
from ebmbench.report.figures.saving import save

COLUMNS = 7
PANEL_INCHES = 2.1
MAP = "magma"


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
        path = out / "figures" / f"{task.replace('/', '-')}.{form}"
        figure = drawn(partial(_drawing, task, runs, out), runs[0], out)
        if figure is not None:
            save(figure, path, dpi=110)
            paths.append(path)
    return paths


def _drawing(task: str, runs: Sequence[Record], out: Path) -> Figure | None:
    truth = truth_at_hand(runs[0], out)
    if truth is None:
        return None
    box = square_box(truth)
    learned = [(run, density_at_hand(run, box, out)) for run in runs]
    panels = [(_title(run), picture) for run, picture in learned if picture is not None]
    return _figure(task, box, true_picture(truth, box), panels) if panels else None


def drawable(records: Sequence[Record], out: Path, family: str = "2d") -> dict[str, list[Record]]:
    """Return, per task of a family, the first good run of every method that has weights."""
    first: dict[str, dict[str, Record]] = defaultdict(dict)
    for record in sorted(records, key=lambda r: (r.task, r.method, r.seed)):
        if record.task_card.family == family and record.status is Status.OK and record.weights:
            first[record.task].setdefault(record.method, record)
    with_weights = {
        task: [run for run in runs.values() if weights_at_hand(run, out) is not None]
        for task, runs in first.items()
    }
    return {task: runs for task, runs in with_weights.items() if runs}


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
