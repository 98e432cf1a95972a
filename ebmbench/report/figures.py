"""Pictures: the densities in the plane, and the leaderboard at a glance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from ebmbench import calculus
from ebmbench.datasets.base import Density
from ebmbench.datasets.densities import DENSITY_NAMES, density
from ebmbench.records import Record, Status, record_path
from ebmbench.report.leaderboard import Boards
from ebmbench.weights import load_energy

POINTS = 200
HALF_WIDTH = 5.0
WIDTH = 2.1
"""Inches of one panel."""


def draw_densities(records: list[Record], out: Path) -> list[Path]:
    """Draw every 2D task: the true density beside each method's, for the first seed.

    Learned densities are normalised on the grid of the picture; all panels share one scale, that
    of the true density.
    """
    paths = []
    for task in sorted({r.task for r in records if r.task_card.family == "2d"}):
        name = task.partition("/")[2]
        runs = [r for r in records if r.task == task and r.seed == 0 and r.weights]
        if not runs or name not in DENSITY_NAMES:
            continue
        path = out / "figures" / f"{task.replace('/', '-')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        _draw_task(task, density(name), runs, out, path)
        paths.append(path)
    return paths


def _draw_task(task: str, truth: Density, runs: list[Record], out: Path, path: Path) -> None:
    grid = _grid()
    true = truth.log_prob(grid).exp().reshape(POINTS, POINTS).numpy()
    panels: list[tuple[str, NDArray[np.float64]]] = [("true density", true)]
    for run in runs:
        weights = record_path(out, run.task, run.method, run.seed).parent / str(run.weights)
        likelihood = run.metrics["log_likelihood"].value
        panels.append((f"{run.method}  {likelihood:.2f}", _model_density(weights, run, grid)))
    columns = min(len(panels), 7)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(WIDTH * columns, (WIDTH + 0.25) * rows + 0.3), layout="constrained")
    FigureCanvasAgg(figure)
    axes: list[Axes] = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
    top = float(np.quantile(true, 0.999))
    for ax in axes:
        ax.set_axis_off()
    for ax, (title, values) in zip(axes, panels, strict=False):
        extent = (-HALF_WIDTH, HALF_WIDTH, -HALF_WIDTH, HALF_WIDTH)
        ax.imshow(values.T, origin="lower", extent=extent, cmap="magma", vmin=0, vmax=top)
        ax.set_title(title, fontsize=9)
    figure.suptitle(f"{task}: density, and test log-likelihood in nats", fontsize=10)
    figure.savefig(path, dpi=110)


def _grid() -> Tensor:
    axis = torch.linspace(-HALF_WIDTH, HALF_WIDTH, POINTS)
    return torch.cartesian_prod(axis, axis)


def _model_density(weights: Path, run: Record, grid: Tensor) -> NDArray[np.float64]:
    energy = load_energy(weights, run.task_card)
    values = torch.cat([-calculus.value(energy, part).double() for part in grid.split(8192)])
    cell = (2 * HALF_WIDTH / (POINTS - 1)) ** 2
    p = torch.softmax(values, 0) / cell
    result: NDArray[np.float64] = p.reshape(POINTS, POINTS).numpy()
    return result


def draw_regret(boards: Boards, out: Path) -> list[Path]:
    """Draw how far each method stays below the true density, where that is known, as a heat map."""
    board_rows = [
        (board, task) for board in boards.boards for task in board.tasks if task in board.optimum
    ]
    methods: list[str] = []
    for board in boards.boards:
        methods += [row.method for row in board.rows if row.method not in methods]
    if not board_rows:
        return []
    table = np.full((len(methods), len(board_rows)), np.nan)
    for column, (board, task) in enumerate(board_rows):
        for row in board.rows:
            score = row.cells[task].score
            if score is not None:
                table[methods.index(row.method), column] = board.optimum[task] - score.mean
    size = (1.8 + 0.62 * len(board_rows), 1.6 + 0.3 * len(methods))
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    shown = np.log10(np.clip(table, 1e-3, 1e1))
    image = ax.imshow(shown, cmap="RdYlGn_r", vmin=-3, vmax=1, aspect="auto")
    ax.set_xticks(range(len(board_rows)), [t for _, t in board_rows], rotation=40, ha="right")
    ax.set_yticks(range(len(methods)), methods)
    ax.tick_params(length=0, labelsize=8)
    for (i, j), value in np.ndenumerate(table):
        text = "–" if np.isnan(value) else f"{value:.2f}" if value < 10 else f"{value:.0f}"
        ax.text(j, i, text, ha="center", va="center", fontsize=7)
    bar = figure.colorbar(image, ax=ax, ticks=[-3, -2, -1, 0, 1])
    bar.ax.set_yticklabels(["0.001", "0.01", "0.1", "1", "10"], fontsize=8)
    ax.set_title(f"Nats below the true density (preset {boards.preset})", fontsize=10)
    path = out / "figures" / "regret.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    return [path]
