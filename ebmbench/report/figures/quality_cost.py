"""Mean rank of each objective against what it costs."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ebmbench.report.figures.canvas import empty_figure
from ebmbench.report.stats.boards import Boards, Row

FRONT = "#b2182b"
COSTS: tuple[tuple[str, Callable[[Row], float | None]], ...] = (
    ("training seconds, median", lambda row: row.train_seconds),
    ("network passes per example and step", lambda row: row.passes),
)
TITLE = 34
"""Letters in a line above the axes."""
NEAR = (0.25, 0.055)
"""Shares of the axes within which two labels would cover each other."""


def draw_quality_cost(boards: Boards) -> Figure | None:
    """Draw, per board, the mean rank of each objective against seconds and network passes.

    Returns:
        ``None`` if no board ranks two objectives.
    """
    ranked = [
        (board, rows)
        for board in boards.boards
        if len(rows := [row for row in board.rows if row.rank is not None]) > 1
    ]
    if not ranked:
        return None
    figure = empty_figure(3.6 * len(ranked), 6.2)
    axes = figure.subplots(2, len(ranked), squeeze=False)
    for j, (board, rows) in enumerate(ranked):
        for i, (title, cost) in enumerate(COSTS):
            points = [
                (row.method, x, row.rank)
                for row in rows
                if (x := cost(row)) is not None and x > 0 and row.rank is not None
            ]
            _scatter(axes[i, j], points)
            axes[i, j].set_xlabel(title, fontsize=8)
            axes[i, j].set_ylabel("mean rank (1 is best)" if j == 0 else "", fontsize=8)
        axes[0, j].set_title(textwrap.fill(board.title, TITLE), fontsize=9)
    note = " (timed on shared cores)" if boards.contended else ""
    figure.suptitle(f"Quality against cost, preset {boards.preset}{note}", fontsize=10)
    return figure


def _scatter(ax: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Draw methods as points, and the line of those that no other beats in both ways."""
    if not points:
        ax.text(0.5, 0.5, "not measured", ha="center", transform=ax.transAxes, fontsize=8)
        ax.set_axis_off()
        return
    best = math.inf
    front = []
    for _, x, y in sorted(points, key=lambda p: (p[1], p[2])):
        if y < best:
            best = y
            front.append((x, y))
    ax.step(*zip(*front, strict=True), where="post", color=FRONT, linewidth=1, zorder=1)
    ax.scatter([p[1] for p in points], [p[2] for p in points], s=22, color="#333333", zorder=2)
    ax.set_xscale("log")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.margins(x=0.4, y=0.12)
    ax.invert_yaxis()
    ax.tick_params(labelsize=7, which="both")
    ax.grid(alpha=0.25)
    _label(ax, points)


def _label(ax: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Name the points; a name that would cover an earlier one goes to another side of its own."""
    # Offsets in points, and the middle of the name from there in shares of the axes.
    sides = [((dx, dy), (0.02 * dx, dy / 190)) for dx in (5, -5) for dy in (3, -9)]
    taken: list[tuple[float, float]] = []
    to_axes = ax.transData + ax.transAxes.inverted()
    for name, x, y in sorted(points, key=lambda p: (p[2], p[1])):
        u, v = to_axes.transform((x, y))
        free = [
            (offset, (u + du, v + dv))
            for offset, (du, dv) in sides
            if all(abs(u + du - a) > NEAR[0] or abs(v + dv - b) > NEAR[1] for a, b in taken)
        ]
        offset, place = free[0] if free else (sides[0][0], (u, v))
        taken.append(place)
        align = "left" if offset[0] > 0 else "right"
        ax.annotate(name, (x, y), textcoords="offset points", xytext=offset, ha=align, fontsize=7)
