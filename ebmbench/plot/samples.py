"""Draws of a model beside rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from ebmbench.datasets.base import Dataset
from ebmbench.datasets.own_rows import read_rows
from ebmbench.errors import EbmbenchError
from ebmbench.metrics.measurements import Measurements
from ebmbench.plot.axes import DATA, INK, MODEL, SMALL, axes_for

if TYPE_CHECKING:
    from ebmbench.datasets.own_rows import Rows

SHOWN = 2000
"""Points of each kind, at most."""


def samples(
    draws: Measurements | Rows,
    rows: Rows | None = None,
    *,
    columns: Sequence[int] = (0, 1),
    ax: Axes | None = None,
) -> Axes:
    """Draw samples of a model in two columns, and rows beneath them.

    Arguments:
        draws: what :func:`ebmbench.evaluate` returned, or ``(n, d)`` points.
        rows: ``(m, d)`` to compare with, or the data of a task, whose test rows are drawn.
        columns: which two, from zero; of points of one column that one is drawn as a histogram.
        ax: where to draw; ``None``: on new axes.

    Raises:
        EbmbenchError: there are no samples, or no such columns.
    """
    if isinstance(draws, Measurements):
        if draws.samples is None:
            raise EbmbenchError(
                "the measurements hold no samples, allowed: those of a metric that draws some, "
                "such as energy_distance"
            )
        draws = draws.samples
    if isinstance(rows, Dataset):
        rows = rows.test
    ax = axes_for(ax)
    for points, name, colour in ((rows, "rows", DATA), (draws, "samples", MODEL)):
        if points is None:
            continue
        found = read_rows(points, name)[0][:SHOWN].numpy()
        if found.shape[1] == 1:
            ax.hist(found[:, 0], bins=60, density=True, alpha=0.45, color=colour, label=name)
            continue
        if len(columns) != 2 or not all(k in range(found.shape[1]) for k in columns):
            raise EbmbenchError(
                f"columns are {tuple(columns)}, allowed: two of 0 to {found.shape[1] - 1}"
            )
        x, y = (found[:, k] for k in columns)
        ax.scatter(x, y, s=4, alpha=0.5, linewidths=0, color=colour, label=name)
        ax.set_xlabel(f"column {columns[0]}", fontsize=SMALL, color=INK)
        ax.set_ylabel(f"column {columns[1]}", fontsize=SMALL, color=INK)
    if rows is not None:
        ax.legend(fontsize=SMALL, frameon=False, markerscale=3)
    return ax
