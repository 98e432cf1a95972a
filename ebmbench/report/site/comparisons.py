"""Performance profiles and critical-difference diagrams."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ebmbench.report.site.plot import Figure, Plot, Style, axis, rounded
from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.profiles import performance_profile
from ebmbench.report.stats.summary import Summary
from ebmbench.report.stats.targets import CLOSED

RATIOS = np.geomspace(1, 100, 101)


def profile_plot(
    board: Board, costs: Mapping[str, Mapping[str, list[float]]], looks: Mapping[str, Style]
) -> Plot | None:
    """Plot the share of tasks solved within a multiple of the cheapest objective's cost.

    Arguments:
        board: of the family.
        costs: by kind of cost (``seconds``, ``evaluations``), by objective, per task.
        looks: of the methods.

    Returns:
        ``None`` if no objective solves a task.
    """
    variants = {
        f"within a multiple of the best {kind}": _profile(of, kind, looks)
        for kind, of in costs.items()
        if any(math.isfinite(v) for values in of.values() for v in values)
    }
    if not variants:
        return None
    note = (
        f"A task is solved when the validation log-likelihood closes {CLOSED:.0%} of the gap from "
        "the fitted Gaussian to the truth (Dolan and Moré, 2002). Objectives that did not take "
        "part in every task are left out."
    )
    return Plot(f"profile-{board.family}", f"{board.title}: performance profile", note, variants)


def differences_plot(board: Board, summary: Summary | None) -> Plot | None:
    """Plot mean ranks, with a bar over every run of objectives that are not told apart.

    Returns:
        ``None`` where there are too few tasks or objectives for a test.
    """
    if summary is None or len(summary.methods) < 3 or len(summary.tasks) < 2:
        return None
    note = (
        "Mean rank, 1 is best; the pale bar is what numbers that are not certified leave open. A "
        "red line has a mark at each of those that no permutation test of ranks, Holm-corrected, "
        "tells apart at 5 %."
    )
    title = f"{board.title}: critical differences over {len(summary.tasks)} tasks"
    return Plot(f"differences-{board.family}", title, note, {"mean rank": _differences(summary)})


def _profile(costs: Mapping[str, list[float]], kind: str, looks: Mapping[str, Style]) -> Figure:
    table = np.maximum(np.array(list(costs.values())).T, 1e-6)
    data = [
        {
            "type": "scatter", "mode": "lines", "name": name,
            "x": rounded(RATIOS.tolist()), "y": rounded(share.tolist()),
            "line": {"shape": "hv", "color": looks[name].color, "dash": looks[name].dash},
        }
        for name, share in zip(
            costs, performance_profile(table, RATIOS.tolist()), strict=True
        )
    ]  # fmt: skip
    layout = {
        "xaxis": axis(f"{kind}, as a multiple of the cheapest", log=True),
        "yaxis": axis("share of tasks solved", range=[-0.02, 1.02], tickformat=".0%"),
        "showlegend": True,
    }
    return {"data": data, "layout": layout}


def _differences(summary: Summary) -> Figure:
    count = len(summary.methods)
    joined = [group for group in summary.groups if len(group) > 1]
    names = [f"{m}  {r:.2f}" for m, r in zip(summary.methods, summary.mean_rank, strict=True)]
    dots = {
        "type": "scatter", "mode": "markers", "name": "mean rank", "x": rounded(summary.mean_rank),
        "y": list(range(count)), "text": names, "hovertemplate": "%{text}<extra></extra>",
        "marker": {"size": 11, "color": "#1f77c4"}, "showlegend": False,
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 5, "width": 0, "color": "#8fa9c4",
            "array": rounded(np.subtract(summary.rank_high, summary.mean_rank).tolist()),
            "arrayminus": rounded(np.subtract(summary.mean_rank, summary.rank_low).tolist()),
        },
    }  # fmt: skip
    bars = [
        {
            "type": "scatter", "mode": "lines+markers", "name": "not told apart",
            "x": rounded([summary.mean_rank[k] for k in group]),
            "y": [count - 0.4 + 0.4 * depth] * len(group), "showlegend": False,
            "text": [", ".join(summary.methods[k] for k in group)] * len(group),
            "hovertemplate": "not told apart: %{text}<extra></extra>",
            "line": {"color": "#c4374c", "width": 3},
            "marker": {"symbol": "line-ns-open", "size": 9, "color": "#c4374c"},
        }
        for depth, group in enumerate(joined)
    ]  # fmt: skip
    foot = count + 0.4 * len(joined)
    layout = {
        "xaxis": axis("mean rank", range=[0.8, max(summary.rank_high) + 0.2]),
        "yaxis": axis(
            "", range=[foot, -0.6], tickvals=list(range(count)), ticktext=names, zeroline=False
        ),
        "height": 130 + 26 * count + 12 * len(joined),
        "showlegend": False,
    }
    return {"data": [dots, *bars], "layout": layout}
