"""The figure of the divergences on the line: a plane of models each, and who ends where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.figure import Figure

from ebmbench.objectives.f_divergences import DIVERGENCES, DivergenceName
from ebmbench.studies.reproductions import yu_line
from ebmbench.studies.reproductions.base import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PRINTED: dict[DivergenceName, tuple[tuple[float, float], tuple[float, float]]] = {
    "kl": ((1.0107, 1.8290), (1.0154, 1.8302)),
    "reverse-kl": ((1.5845, 1.6311), (1.5852, 1.6345)),
    "jensen-shannon": ((1.3032, 1.7672), (1.3167, 1.7604)),
    "squared-hellinger": ((1.3202, 1.7309), (1.3227, 1.7471)),
}
"""Mean and deviation that the published code prints: of the optimum, and of f-EBM."""
HALF = 0.14
"""Of the picture's width, about the optimum."""
MARKS = {"direct": ("s", "C0"), "cd": ("^", "C2"), "f-ebm": ("o", "C1")}


def draw_optima(table: Table) -> Figure:
    """Draw the cells, a panel for each divergence."""
    figure = Figure(figsize=(11, 10), layout="constrained")
    axes = figure.subplots(2, 2).flatten()
    for ax, (name, rows) in zip(axes, table.groupby("divergence", sort=False), strict=False):
        _draw(ax, name, rows)
    axes[0].legend(fontsize=8, frameon=False, loc="lower left")
    return figure


def _draw(ax: Axes, name: DivergenceName, rows: Table) -> None:
    exact = rows[(rows["part"] == "exact") & (rows["weight"] == yu_line.WEIGHT)].iloc[0]
    means = exact["mean"] + np.linspace(-HALF, HALF, 61)
    deviations = exact["std"] + np.linspace(-HALF, HALF, 61)
    loss = yu_line.exact(DIVERGENCES[name])
    above = [
        [
            float(loss(torch.tensor([mean, std], dtype=torch.float64))) - exact["value"]
            for mean in means
        ]
        for std in deviations
    ]
    ax.contour(means, deviations, np.sqrt(np.maximum(above, 0)), 8, colors="0.85", linewidths=0.8)
    ax.plot(exact["mean"], exact["std"], "k+", ms=14, mew=2, label="optimum, by quadrature")
    for row in rows[rows["part"] == "noiseless"].itertuples():
        ax.plot(row.mean, row.std, "kx", ms=8, label="exact gradient, as many steps")
    for part, (mark, colour) in MARKS.items():
        found = rows[rows["part"] == part]
        label = {"direct": "divergence descended", "cd": "CD", "f-ebm": "f-EBM"}[part]
        if len(found):
            ax.plot(found["mean"], found["std"], mark, c=colour, ms=5, alpha=0.7, label=label)
    for (mean, std), colour, label in zip(
        PRINTED[name], ("C0", "C1"), ("printed optimum", "printed f-EBM"), strict=True
    ):
        ax.plot(mean, std, "*", c=colour, ms=13, mec="k", mew=0.7, label=label)
    ax.set_title(name, fontsize=10)
    ax.set_xlabel("mean")
    ax.set_ylabel("standard deviation")
    ax.set_xlim(means[0], means[-1])
    ax.set_ylim(deviations[0], deviations[-1])
    ax.spines[["top", "right"]].set_visible(False)
