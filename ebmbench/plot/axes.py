"""Axes to draw on: the caller's, or those of a new figure in the style of the reports."""

from __future__ import annotations

from typing import Any

from matplotlib import pyplot
from matplotlib.axes import Axes

from ebmbench.errors import EbmbenchError

INK, PAPER = "#222222", "#d9d9d9"
MODEL, DATA = "#b2182b", "#4d4d4d"
"""Of draws of a model, in the red of the report's pictures, and of rows."""
SIZE = 4.0
"""Inches of a side."""
SMALL = 8
"""Points of letters at axes."""


def axes_for(ax: Any, width: float = SIZE, height: float = SIZE) -> Axes:
    """Return axes with the house's letters.

    Arguments:
        ax: the caller's, or ``None`` for new ones.
        width: of a new figure, in inches.
        height: likewise.

    Raises:
        EbmbenchError: what was given is none.
    """
    if ax is None:
        _, ax = pyplot.subplots(figsize=(width, height), layout="constrained")
    if not isinstance(ax, Axes):
        raise EbmbenchError(f"ax is a {type(ax).__name__}, allowed: axes of matplotlib, or None")
    ax.tick_params(labelsize=SMALL)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
