"""A picture per family: what every objective gains on the Gaussian, against steps."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ebmbench.studies.budgets.curves import leading_curve, mean_gains

ACROSS = 3
"""Panels in a row."""
MARKS = "osD^vP*X<>hpd"
SHOWN = 1.5
"""How far below the Gaussian a panel goes, in units of the most that is gained."""


def picture_name(family: str) -> str:
    """Return the file name of the picture of a family."""
    return f"budgets-{family}.png".replace(" ", "-")


def draw_family(frame: pd.DataFrame) -> Figure:
    """Draw a panel per task; runs without a model are not drawn.

    Arguments:
        frame: of :func:`~ebmbench.studies.budgets.ladder.to_frame`, one family of it.
    """
    tasks = sorted(frame["task"].unique())
    methods = sorted(frame["method"].unique())
    down, across = math.ceil(len(tasks) / ACROSS), min(ACROSS, len(tasks))
    figure = Figure(figsize=(4.6 * across, 3.6 * down + 0.9), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for ax, task in zip(axes, tasks, strict=False):
        table = mean_gains(frame, task)
        steps = frame[frame["task"] == task].groupby("factor")["steps"].first().to_numpy(int)
        for k, method in enumerate(methods):
            if method not in table.index:
                continue
            values = table.loc[method].to_numpy(float)
            there = np.isfinite(values)
            ax.plot(
                steps[there], values[there], marker=MARKS[k % len(MARKS)], c=f"C{k % 10}",
                ls="-" if k < 10 else "--", ms=4, lw=1, label=method,
            )  # fmt: skip
        ax.axhline(0.0, c="0.3", lw=1)
        most = float(leading_curve(frame, task)[0].max())
        if most > 0:
            ax.set_ylim(-SHOWN * most, 1.1 * most)
        ax.set_xscale("log", base=2)
        ax.set_xticks(steps, [str(each) for each in steps])
        ax.minorticks_off()
        ax.set_title(task, fontsize=10)
        # Not a label of the figure, which a legend outside the panels would cover.
        ax.set_xlabel("training steps, each length with its own decay", fontsize=9)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[len(tasks) :]:
        ax.set_axis_off()
    handles = {
        label: handle
        for ax in axes
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center",
        ncols=min(6, max(len(handles), 1)), fontsize=8, frameon=False,
    )  # fmt: skip
    figure.supylabel("nats over the fitted Gaussian", fontsize=9)
    return figure
