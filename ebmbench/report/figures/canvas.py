"""What the pictures of boards share: an empty figure, and methods in their three groups."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ebmbench.report.stats.boards import Board

KINDS = ("oracle", "", "reference")
"""From the top of a table to its bottom."""
GROUPS = {"oracle": "oracle", "": "objectives", "reference": "references"}


def empty_figure(width: float, height: float) -> Figure:
    """Return a figure of a size in inches, without axes, that needs no screen."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def methods_by_kind(boards: Sequence[Board]) -> list[tuple[str, list[str]]]:
    """Return the methods of boards in groups: oracle, objectives, references.

    Within a group they stand in the order in which the boards have them; an empty group is left
    out.
    """
    kinds = {row.method: row.kind for board in boards for row in board.rows}
    groups = [(kind, [m for m, of in kinds.items() if of == kind]) for kind in KINDS]
    return [(kind, methods) for kind, methods in groups if methods]
