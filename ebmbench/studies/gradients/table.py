"""The comparison of gradients as a table and as a picture."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from ebmbench.studies.gradients.measure import Comparison

PANELS = {
    "cosine": "cosine of the expected gradient",
    "bias": "bias",
    "signal_to_noise": "signal to noise of one step",
    "signal_to_noise_per_pass": "signal to noise per network pass",
}
"""Column to the title of its panel."""
TITLES = {
    "step": "step",
    "method": "method",
    "cosine": "cosine",
    "bias": "bias",
    "cosine_of_one": "cosine of one",
    "signal_to_noise": "signal/noise",
    "passes": "passes",
    "signal_to_noise_per_pass": "per pass",
}


def to_frame(found: Sequence[Comparison]) -> pd.DataFrame:
    """Return one row per method and step, in the order of :data:`TITLES`."""
    rows = [{name: getattr(each, name) for name in TITLES} for each in found]
    return pd.DataFrame(rows, columns=list(TITLES))


def cells(found: Comparison) -> list[str]:
    """Return one row of the table as text."""
    return [
        str(found.step),
        found.method,
        f"{found.cosine:.3f}",
        f"{found.bias:.3f}",
        f"{found.cosine_of_one:.3f}",
        f"{found.signal_to_noise:.3g}",
        f"{found.passes:.3g}",
        f"{found.signal_to_noise_per_pass:.3g}",
    ]


def to_markdown(found: Sequence[Comparison], title: str) -> str:
    """Return the table with what its columns mean."""
    lines = [
        f"# Gradients against that of the likelihood: {title}",
        "",
        "At the parameters that exact maximum likelihood passes through, after so many steps. "
        "Cosine and bias are of the expected gradient; of objectives outside the "
        "maximum-likelihood family the bias is after the best scale. Signal to noise is the "
        "squared length of the expected gradient over the total variance of one minibatch "
        "gradient. nan: too few draws to resolve it.",
        "",
        "| " + " | ".join(TITLES.values()) + " |",
        "|" + " --- |" * len(TITLES),
        *("| " + " | ".join(cells(each)) + " |" for each in found),
        "",
    ]
    return "\n".join(lines)


def draw(found: Sequence[Comparison], title: str) -> Figure:
    """Draw every quantity against the step, one line per method."""
    table = to_frame(found)
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True)
    for ax, (column, words) in zip(axes.flat, PANELS.items(), strict=True):
        for k, (method, line) in enumerate(table.groupby("method", sort=False)):
            style = "osD^v<>"[k % 7] + "-"
            ax.plot(line["step"], line[column], style, c=f"C{k}", label=method, ms=4, lw=1.2)
        ax.set_xscale("symlog", linthresh=10)
        if column.startswith("signal"):
            ax.set_yscale("log")
        else:
            ax.axhline(1.0, color="0.8", lw=0.8, zorder=0)
        ax.set_title(words, fontsize=10)
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[1]:
        ax.set_xlabel("steps of exact maximum likelihood")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False)
    figure.suptitle(title)
    return figure
