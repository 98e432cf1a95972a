"""The pictures of the validation: errors of every estimator, and brackets by spacing."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from matplotlib.figure import Figure

from ebmbench.studies.validation.paths import LAWS, SPACINGS, Gap
from ebmbench.studies.validation.trials import QUANTILE, Row

COLORS = {
    "quadrature": "C7",
    "importance": "C1",
    "smc": "C2",
    "ais": "C0",
    "adaptive": "C6",
    "bdmc": "C3",
    "bdmc-1024": "C3",
    "raise": "C4",
    "mbar": "C5",
}


def draw_errors(rows: Sequence[Row]) -> Figure:
    """Draw the mean error of every row with the mean claimed interval, and each repeat."""
    figure = Figure(figsize=(9, 0.2 * len(rows) + 1.2), layout="constrained")
    ax = figure.subplots()
    ax.axvline(0.0, color="0.6", lw=0.8)
    for k, row in enumerate(rows):
        errors = [trial.error for trial in row.trials]
        half = QUANTILE * statistics.fmean(trial.stderr for trial in row.trials)
        color = COLORS[row.estimator]
        ax.plot(errors, [k] * len(errors), "|", c=color, ms=5, alpha=0.5)
        ax.errorbar([statistics.fmean(errors)], [k], xerr=[half], fmt="o", c=color, ms=3, lw=1)
    ax.set_xscale("symlog", linthresh=0.01)
    ax.set_yticks(range(len(rows)), [f"{r.case}: {r.estimator}" for r in rows], fontsize=6)
    ax.set_ylim(len(rows), -1)
    ax.set_xlabel("error in nats: repeats, and their mean ± 1.96 claimed standard errors")
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def draw_brackets(gaps: Sequence[Gap]) -> Figure:
    """Draw the bracket of single chains against the number of temperatures."""
    models = list(dict.fromkeys(gap.model for gap in gaps))
    figure = Figure(figsize=(3.2 * len(models), 5.6), layout="constrained")
    axes = figure.subplots(len(LAWS), len(models), squeeze=False, sharex=True)
    for i, law in enumerate(LAWS):
        for ax, model in zip(axes[i], models, strict=True):
            for k, spacing in enumerate(SPACINGS):
                line = [g for g in gaps if (g.model, g.law, g.spacing) == (model, law, spacing)]
                x, y = [g.temperatures for g in line], [g.width for g in line]
                ax.semilogx(x, y, "osD"[k] + "-", label=spacing, ms=4, lw=1.2)
                # near zero the difference is noise of either sign
                ax.set_yscale("symlog", linthresh=0.1)
                ax.set_xticks(x, [str(n) for n in x])
            ax.minorticks_off()
            ax.set_title(f"{model}, law: {law}", fontsize=8)
            ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[-1]:
        ax.set_xlabel("temperatures")
    for row in axes:
        row[0].set_ylabel("reverse minus forward, nats")
    axes[0, 0].legend(frameon=False, fontsize=8)
    return figure
