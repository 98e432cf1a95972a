"""A picture per axis: the share of the gap that each objective leaves open, level by level."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ebmbench.studies.limits.axes import Axis
from ebmbench.studies.limits.grid import HALF, shares

LOW, HIGH = 0.003, 10.0
"""Shares beyond are drawn at the edge."""
MARKS = "osD^vP*X<>hpd"


def draw_axis(frame: pd.DataFrame, axis: Axis) -> Figure:
    """Draw a panel per family of objectives."""
    table = shares(frame, axis)
    of_axis = frame[frame["axis"] == axis.name]
    families = of_axis.groupby("method")["family"].first()
    names = families.value_counts().index.tolist()
    large = [name for name in names if (families == name).sum() > 3]
    panels = {name: families.index[families == name].tolist() for name in large}
    rest = families.index[~families.isin(large)].tolist()
    panels |= {"others": rest} if rest else {}
    figure = Figure(figsize=(4.3 * len(panels), 4.6), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    places = np.arange(len(axis.levels))
    gaussian = of_axis.groupby("level")["gaussian"].mean().reindex(list(axis.levels))
    for ax, (family, methods) in zip(axes, panels.items(), strict=True):
        for k, method in enumerate(methods):
            values = table.loc[method].to_numpy(float)
            there = ~np.isnan(values)
            ax.plot(
                places[there], np.clip(values[there], LOW, HIGH), marker=MARKS[k % len(MARKS)],
                c=f"C{k % 10}", ms=4, lw=1, label=method,
            )  # fmt: skip
        ax.axhline(1.0, c="0.3", lw=1)
        limit = np.full(len(places), HALF)
        if axis.lost is not None:
            limit = axis.lost / gaussian.to_numpy(float)
        ax.plot(places, np.clip(limit, LOW, HIGH), c="0.6", lw=1, ls=":")
        if axis.predicted is not None:
            expected = [axis.predicted(level) for level in axis.levels]
            share = np.array(expected) / gaussian.to_numpy(float)
            ax.plot(
                places, np.clip(share, LOW, HIGH), c="0.3", ls="--", lw=1, label=axis.prediction
            )
        ax.set_yscale("log")
        ax.set_ylim(LOW * 0.9, HIGH * 1.1)
        ax.set_xticks(places, [f"{level:g}" for level in axis.levels])
        ax.set_title(family, fontsize=10)
        ax.legend(fontsize=6.5, frameon=False, ncols=2, loc="upper left")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("share of the gap between Gaussian and truth left open")
    figure.supxlabel(axis.unit, fontsize=10)
    figure.suptitle(axis.title, fontsize=11)
    return figure
