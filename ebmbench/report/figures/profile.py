"""The share of tasks that are solved within a multiple of the fastest objective's seconds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ebmbench.report.figures.canvas import empty_figure
from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.profiles import performance_profile
from ebmbench.report.stats.targets import CLOSED

LINES = ("-", "--", "-.", ":")
RATIOS = np.geomspace(1, 100, 200)


def draw_profile(board: Board, times: Mapping[str, list[float]]) -> Figure:
    """Draw the share of tasks solved within a multiple of the fastest objective's seconds.

    Arguments:
        board: of the family.
        times: seconds per task, by objective; ``inf`` where it is not solved.
    """
    costs = np.array(list(times.values())).T
    shares = performance_profile(np.maximum(costs, 1e-6), RATIOS.tolist())
    figure = empty_figure(6.4, 3.4)
    ax = figure.subplots()
    for number, (name, share) in enumerate(zip(times, shares, strict=True)):
        style = LINES[number // 10 % len(LINES)]
        ax.step(RATIOS, share, where="post", label=name, linestyle=style, linewidth=1.4)
    ax.set_xscale("log")
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("seconds, as a multiple of the fastest", fontsize=8)
    ax.set_ylabel("share of tasks solved", fontsize=8)
    ax.set_title(
        f"{board.title}: time to close {CLOSED:.0%} of the gap from Gaussian to truth", fontsize=9
    )
    ax.tick_params(labelsize=8)
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure
