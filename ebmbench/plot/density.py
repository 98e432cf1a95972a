"""The density that an energy of one or two columns is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from matplotlib.axes import Axes

from ebmbench.datasets.base import Dataset
from ebmbench.datasets.own_rows import read_rows
from ebmbench.energies.base import Energy
from ebmbench.errors import EbmbenchError
from ebmbench.harness.wrapping import refuse_width, wrap
from ebmbench.partition.base import log_density as log_density_of
from ebmbench.partition.grid import Box, midpoints
from ebmbench.partition.quadrature import quadrature_grid
from ebmbench.plot.axes import DATA, INK, MODEL, SMALL, axes_for
from ebmbench.report.figures.densities import MAP

if TYPE_CHECKING:
    from ebmbench.datasets.own_rows import Rows
    from ebmbench.energies.wrapped import Model

CELLS = {1: 600, 2: 200}
"""Per axis of the picture."""
MARGIN = 1.15
"""Half the side of the box over half the range of the rows."""
DEVIATIONS = 4.0
"""Half the side of the box, in deviations of the reference, where there are no rows."""
SHOWN = 1000
"""Rows that are drawn, at most."""


def density(
    model: Model,
    rows: Rows | None = None,
    *,
    log_density: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the normalised density of a model of one or two columns, and rows on top of it.

    Arguments:
        model: an energy, or what :func:`ebmbench.wrap` takes, which then needs rows.
        rows: ``(n, d)``, or the data of a task, whose test rows are drawn; they say what part of
            the plane is looked at.
        log_density: whether a model that is no energy returns log-densities.
        ax: where to draw; ``None``: on new axes.

    Raises:
        EbmbenchError: the model has more than two columns, or no finite ``log Z``.
    """
    points = None
    if rows is not None:
        points = rows.test if isinstance(rows, Dataset) else read_rows(rows, "drawn")[0]
    if isinstance(model, Energy):
        energy = model
    elif rows is None:
        raise EbmbenchError("rows are missing, allowed: rows beside a model that is no energy")
    else:
        energy = wrap(model, rows, log_density)
    if energy.dim not in CELLS:
        raise EbmbenchError(
            f"the model has {energy.dim} columns, allowed: 1 or 2 in a picture; "
            "`ebmbench.plot.samples` shows two of them"
        )
    if points is not None:
        refuse_width(energy, points)
    ax = axes_for(ax)
    box = _box(energy, points)
    values = (log_density_of(energy, midpoints(box, (CELLS[energy.dim],) * energy.dim))).exp()
    values = values / torch.exp(torch.tensor(_log_z(energy)))
    drawn = None if points is None else points[:SHOWN].numpy()
    low, high = box.low.tolist(), box.high.tolist()
    if energy.dim == 1:
        x = midpoints(box, (CELLS[1],))[:, 0].numpy()
        ax.plot(x, values.numpy(), color=MODEL, linewidth=1.6)
        if points is not None:
            ax.hist(points[:, 0].numpy(), bins=60, density=True, color=DATA, alpha=0.3)
        ax.set_ylabel("density", fontsize=SMALL, color=INK)
        ax.set_xlim(low[0], high[0])
        return ax
    picture = values.reshape(CELLS[2], CELLS[2]).T.numpy()
    extent = (low[0], high[0], low[1], high[1])
    ax.imshow(picture, origin="lower", extent=extent, cmap=MAP, vmin=0, aspect="equal")
    if drawn is not None:
        ax.scatter(drawn[:, 0], drawn[:, 1], s=2, color="w", alpha=0.5, linewidths=0)
    return ax


def _log_z(energy: Energy) -> float:
    exact = energy.log_z()
    if exact is not None:
        return float(exact.detach())
    return quadrature_grid(energy)[0].log_z


def _box(energy: Energy, points: torch.Tensor | None) -> Box:
    """Return what is looked at: a square in the plane, where there are rows around them."""
    reference = energy.reference
    centre = reference.mean.detach().double().cpu()
    half = DEVIATIONS * reference.std.detach().double().cpu()
    if points is not None:
        exact = points.double()
        centre = (exact.amax(0) + exact.amin(0)) / 2
        half = MARGIN * (exact.amax(0) - exact.amin(0)) / 2
    half = torch.full_like(half, float(half.max()))
    return Box(centre - half, centre + half)
