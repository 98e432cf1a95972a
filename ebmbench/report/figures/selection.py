"""What selection changes, task by task: own loss against the last step, and by likelihood."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import SymmetricalLogLocator

from ebmbench.report.figures.canvas import empty_figure
from ebmbench.report.stats.families import family_title
from ebmbench.report.stats.selection import MethodChange, Span
from ebmbench.report.tables.selection import families

LINEAR = 0.01
"""Nats up to which the axis is linear: the least that anyone would select for."""
OWN, LIKELIHOOD = "#1f77c4", "#b2182b"


def draw_selection(changes: Sequence[MethodChange]) -> Figure | None:
    """Draw, per family and objective, the nats that selection gains on each task.

    Returns:
        ``None`` if nothing was selected.
    """
    names = families(changes)
    if not names:
        return None
    by_family = {name: [c for c in changes if c.family == name] for name in names}
    rows = [len(found) for found in by_family.values()]
    figure = empty_figure(7.4, 1.3 + 0.3 * sum(rows) + 0.55 * len(rows))
    panels = figure.subplots(
        len(names), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": rows}
    )[:, 0]
    for ax, (name, found) in zip(panels, by_family.items(), strict=True):
        _panel(ax, found)
        ax.set_title(family_title(name), fontsize=9, loc="left")
    panels[-1].set_xlabel("nats per row", fontsize=8)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside upper center", ncols=3, frameon=False)
    return figure


def _panel(ax: Axes, changes: Sequence[MethodChange]) -> None:
    for place, change in enumerate(changes):
        gains, likelier = change.gains(), change.likelier()
        ax.scatter(
            list(gains.values()), [place - 0.15] * len(gains), s=16, color=OWN, alpha=0.7,
            label="own loss over the last step, test rows" if not place else None, zorder=3,
        )  # fmt: skip
        ax.scatter(
            list(likelier.values()), [place + 0.15] * len(likelier), s=16, facecolors="none",
            edgecolors=LIKELIHOOD, zorder=3,
            label="likelihood over own loss, validation rows" if not place else None,
        )  # fmt: skip
        middle = Span.of(gains)
        if middle is not None:
            ax.plot(
                [middle.middle] * 2, [place - 0.4, place + 0.1], color=OWN, linewidth=2,
                label="median of tasks" if not place else None,
            )  # fmt: skip
    ax.axvline(0, color="#888888", linewidth=0.8, zorder=1)
    ax.set_xscale("symlog", linthresh=LINEAR)
    ax.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=LINEAR))
    ax.set_yticks(range(len(changes)), [change.method for change in changes], fontsize=8)
    ax.set_ylim(len(changes) - 0.4, -0.6)
    ax.tick_params(axis="x", labelsize=8)
    ax.grid(axis="x", color="#eeeeee")
    ax.set_axisbelow(True)
