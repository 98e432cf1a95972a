"""Mean ranks, with a bar over every run of objectives that are not told apart."""

from __future__ import annotations

from matplotlib.figure import Figure

from ebmbench.report.figures.canvas import empty_figure
from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.summary import Summary

BAR = "#b2182b"


def draw_differences(board: Board, summary: Summary) -> Figure:
    """Draw mean ranks, with a bar over every run of objectives that cannot be told apart."""
    count = len(summary.methods)
    figure = empty_figure(7.0, 0.7 + 0.27 * count + 0.14 * len(summary.groups))
    ax = figure.subplots()
    for place, (name, rank) in enumerate(zip(summary.methods, summary.mean_rank, strict=True)):
        ax.plot([1, rank], [place, place], color="#dddddd", linewidth=1, zorder=1)
        ax.scatter([rank], [place], s=24, color="#333333", zorder=3)
        ax.text(count + 0.15, place, f"{name}  {rank:.2f}", va="center", fontsize=8)
    for depth, (first, last) in enumerate(summary.groups):
        x = (summary.mean_rank[first], summary.mean_rank[last])
        y = count - 0.3 + 0.4 * depth
        ax.plot(x, [y, y], color=BAR, linewidth=3, solid_capstyle="butt")
    ax.set_xlim(0.9, count + 0.1)
    ax.set_ylim(count + 0.4 * len(summary.groups), -0.6)
    ax.set_yticks([])
    ax.spines[["left", "right", "bottom"]].set_visible(False)
    ax.xaxis.tick_top()
    ax.tick_params(labelsize=8)
    ax.set_title(
        f"{board.title}: mean rank over {len(summary.tasks)} tasks; a bar joins what is not told "
        "apart at 5 %",
        fontsize=9,
    )
    return figure
