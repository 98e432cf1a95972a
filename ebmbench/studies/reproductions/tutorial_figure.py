"""The figure of the tutorial's statements, a panel each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from ebmbench.studies.reproductions.base import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_claims(by_part: Mapping[str, Table]) -> Figure:
    """Draw the cells of every part."""
    figure = Figure(figsize=(12, 7), layout="constrained")
    axes = figure.subplots(2, 2).flatten()
    _draw_chains(axes[0], by_part["chains"])
    _draw_blindness(axes[1], by_part["blindness"])
    _draw_denoising(axes[2], by_part["denoising"], by_part["denoising variance"])
    _draw_noise(axes[3], by_part["noise"])
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_chains(ax: Axes, rows: Table) -> None:
    ax.semilogx(rows["steps"], rows["theta"], "o-", label="CD-k (MALA)")
    ax.axhline(1 / 3, c="0.4", ls="--", label="maximum likelihood, 1/3")
    ax.axhline(1 / 5, c="0.4", ls=":", label="score matching, 1/5")
    ax.set_xlabel("chain length k")
    ax.set_ylabel("fitted θ")
    ax.set_title("Contrastive divergence lies between", fontsize=10)
    ax.legend(fontsize=8, frameon=False)


def _draw_blindness(ax: Axes, rows: Table) -> None:
    for method, group in rows.groupby("method"):
        ax.semilogy(group["separation"], group["rms_error"], "o-", label=str(method))
    ax.set_xlabel("distance of the modes, standard deviations")
    ax.set_ylabel("error of a mode's weight (root mean square)")
    ax.set_title("Score matching is blind to mode weights", fontsize=10)
    ax.legend(fontsize=8, frameon=False)


def _draw_denoising(ax: Axes, bias: Table, spread: Table) -> None:
    sigma = np.geomspace(bias["sigma"].min(), bias["sigma"].max(), 100)
    ax.loglog(bias["sigma"], bias["variance"] - 1, "o", label="variance fitted − 1")
    ax.loglog(sigma, sigma**2, c="0.4", ls="--", label="σ²")
    ax.loglog(spread["sigma"], spread["gradient_variance"], "s", label="variance of the gradient")
    ax.loglog(sigma, 1.3**2 / sigma**2, c="0.4", ls=":", label="∝ 1/σ²")
    ax.set_xlabel("noise σ")
    ax.set_title("Denoising trades bias for variance", fontsize=10)
    ax.legend(fontsize=8, frameon=False)


def _draw_noise(ax: Axes, rows: Table) -> None:
    for k, (inflation, group) in enumerate(rows.groupby("inflation")):
        label = f"noise of {inflation:g} data deviations"
        ax.semilogx(group["nu"], group["variance"], "o", c=f"C{k}", label=label)
        ax.semilogx(group["nu"], group["theory"], "--", c=f"C{k}")
    ax.axhline(2.0, c="0.4", ls=":", label="maximum likelihood")
    ax.set_xlabel("noise ratio ν")
    ax.set_ylabel("n × variance of the precision (dashes: theory)")
    ax.set_title("NCE depends on its noise", fontsize=10)
    ax.legend(fontsize=8, frameon=False)
