"""Mean ranks with their ends, and a bar over what is not told apart."""

from __future__ import annotations

from matplotlib.figure import Figure

from ebmbench.report.figures.canvas import empty_figure
from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.summary import Summary

BAR = "#b2182b"


def comparable(summary: Summary | None) -> bool:
    """Return whether a board has enough tasks and objectives for a diagram of differences."""
    return summary is not None and len(summary.methods) > 2 and len(summary.tasks) > 1


def draw_differences(board: Board, summary: Summary) -> Figure:
    """Draw mean ranks as dots, their ends where numbers are not certified, and groups as bars.

    A bar has a mark at each of its members; who lies under a bar without a mark is told apart from
    one of them.
    """
    count = len(summary.methods)
    groups = [group for group in summary.groups if len(group) > 1]
    end = max(summary.rank_high) + 0.2
    figure = empty_figure(7.0, 0.9 + 0.27 * count + 0.14 * len(groups))
    ax = figure.subplots()
    ends = zip(summary.mean_rank, summary.rank_low, summary.rank_high, strict=True)
    for place, (name, (rank, low, high)) in enumerate(zip(summary.methods, ends, strict=True)):
        ax.plot([1, rank], [place, place], color="#dddddd", linewidth=1, zorder=1)
        ax.plot([low, high], [place, place], color="#888888", linewidth=4, alpha=0.5, zorder=2)
        ax.scatter([rank], [place], s=24, color="#333333", zorder=3)
        ax.text(end + 0.05, place, f"{name}  {rank:.2f}", va="center", fontsize=8)
    for depth, group in enumerate(groups):
        x = [summary.mean_rank[k] for k in group]
        y = [count - 0.3 + 0.4 * depth] * len(x)
        ax.plot(x, y, color=BAR, linewidth=2, marker="|", markersize=6, solid_capstyle="butt")
    ax.set_xlim(0.9, end)
    ax.set_ylim(count + 0.4 * len(groups), -0.6)
    ax.set_yticks([])
    ax.spines[["left", "right", "bottom"]].set_visible(False)
    ax.xaxis.tick_top()
    ax.tick_params(labelsize=8)
    tasks = f"{len(summary.tasks)} task{'s' if len(summary.tasks) > 1 else ''}"
    ax.set_title(
        f"{board.title}: mean rank over {tasks}\n"
        "red: not told apart at 5 % by a permutation test; grey: what brackets leave open",
        fontsize=9,
    )
    return figure
