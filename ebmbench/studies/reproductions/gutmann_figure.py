"""The figure of estimation errors: against the sample size, and against time."""

from __future__ import annotations

from matplotlib.figure import Figure

from ebmbench.studies.reproductions.base import Table

TRADE_OFF = (
    ("mle", "*", "maximum likelihood, exact Z"),
    ("nce", "o", "NCE"),
    ("importance", "s", "likelihood, Z by importance sampling"),
    ("sm", "D", "score matching, smoothed"),
)
"""Methods of the figure on the right, their markers and names."""


def draw_errors(table: Table) -> Figure:
    """Draw the errors of the matrix and of the normaliser, and the trade-off with time.

    Arguments:
        table: cells with their ``method``.
    """
    figure = Figure(figsize=(13, 4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    four, ten = table[table["sources"] == 4], table[table["sources"] == 10]
    panels = ((left, "error", "B"), (middle, "normaliser_error", "c"))
    colours = {nu: f"C{k}" for k, nu in enumerate(sorted(table["nu"].unique()))}
    for ax, column, name in panels:
        for nu, group in four.dropna(subset=[column]).groupby("nu"):
            sizes = group.groupby("rows")[column]
            low, median, high = (sizes.quantile(level) for level in (0.1, 0.5, 0.9))
            label = "MLE" if nu == 0 else f"NCE, ν = {nu:g}"
            ax.loglog(median.index, median, "o-", c=colours[nu], label=label, ms=4)
            ax.fill_between(median.index, low, high, color=colours[nu], alpha=0.12, lw=0)
        ax.set_xlabel("sample size n")
        ax.set_ylabel(f"squared error of {name}: median, 10 to 90 %")
        ax.set_title(f"Four sources: error of {name}", fontsize=10)
    left.legend(fontsize=8, frameon=False)
    for method, marker, words in TRADE_OFF:
        groups = ten[ten["method"] == method].groupby("nu")
        seconds, error = groups["seconds"].median(), groups["error"].median()
        right.loglog(seconds, error, f"{marker}-", ms=5, label=words)
        for nu in error.index[error.index > 0]:
            right.annotate(
                f"{nu:g}",
                (seconds[nu], error[nu]),
                xytext=(4, 4),
                textcoords="offset points",
                fontsize=7,
            )
    right.set_xlabel("processor seconds of a fit, median")
    right.set_ylabel("squared error of B, median")
    right.set_title("Ten sources: error against time, by ν", fontsize=10)
    low, high = right.get_ylim()
    right.set_ylim(low, 8 * high)  # room for the legend
    right.legend(fontsize=8, frameon=False, loc="upper right")
    for ax in (left, middle, right):
        ax.spines[["top", "right"]].set_visible(False)
    return figure
