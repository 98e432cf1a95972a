"""The connections as a table and as a picture of their convergence."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from ebmbench.studies.connections.base import ConnectionOutcome

TITLES = ("id", "statement", "step", "measured", "limit", "order", "predicted", "verdict")
SMALLEST = 1e-12
"""Errors below this are rounding and are drawn at it."""


def cells(outcome: ConnectionOutcome) -> list[str]:
    """Return one row of the table, with the columns of :data:`TITLES`."""
    connection = outcome.connection
    return [
        connection.id,
        connection.statement,
        f"{connection.parameter} = {outcome.steps[-1]:g}" if connection.parameter else "identity",
        f"{outcome.measured[-1]:.6g}",
        f"{outcome.predicted:.6g}",
        "–" if outcome.order is None else f"{outcome.order:.2f}",
        "–" if connection.order is None else f"{connection.order:g}",
        "holds" if outcome.holds else "FAILS",
    ]


def by_setting(outcomes: Sequence[ConnectionOutcome]) -> dict[str, list[ConnectionOutcome]]:
    """Group outcomes by setting, in order."""
    groups: dict[str, list[ConnectionOutcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.setting, []).append(outcome)
    return groups


def to_markdown(outcomes: Sequence[ConnectionOutcome]) -> str:
    """Return the tables with sources and every step, as Markdown."""
    lines = [
        "# Connections between objectives",
        "",
        "Every expectation is a sum over quadrature nodes in float64, so no number has Monte "
        "Carlo error. Measured is at the smallest step. The order is the slope of log relative "
        "error over log step between the two smallest steps. Of a vector the norm is shown; the "
        "error is that of the vector.",
    ]
    for setting, group in by_setting(outcomes).items():
        lines += ["", f"## {setting}", "", f"| {' | '.join(TITLES)} |", "|---" * len(TITLES) + "|"]
        lines += [
            f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells(o))} |" for o in group
        ]
        lines.append("")
        for o in group:
            values = ", ".join(
                f"{m:.6g} at {s:g} (relative error {e:.1e})"
                for m, s, e in zip(o.measured, o.steps, o.errors, strict=True)
            )
            lines.append(f"- **{o.connection.id}**: {values}. {o.connection.source}.")
    return "\n".join([*lines, ""])


def draw_convergence(outcomes: Sequence[ConnectionOutcome]) -> Figure:
    """Draw the relative error of every limit against its relative step, a panel per setting."""
    limits = [o for o in outcomes if o.order is not None]
    groups = by_setting(limits)
    ids = list(dict.fromkeys(o.connection.id for o in outcomes if o.order is not None))
    figure = Figure(figsize=(6.4 * len(groups), 5), layout="constrained")
    axes = figure.subplots(1, len(groups), squeeze=False, sharey=True)[0]
    for ax, (setting, group) in zip(axes, groups.items(), strict=True):
        for o in group:
            k = ids.index(o.connection.id)
            errors = [max(e, SMALLEST) for e in o.errors]
            label = f"{o.connection.id}: order {o.order:.2f}"
            ax.loglog(
                [step / o.steps[0] for step in o.steps],
                errors,
                "osD^v<>"[k % 7] + "-",
                c=f"C{k}",
                label=label,
                ms=4,
                lw=1.2,
            )
        steps = [0.125, 0.25, 0.5, 1.0]
        for slope in (1, 2):
            guide = [0.6 * step**slope for step in steps]
            ax.loglog(steps, guide, color="0.75", ls="--", lw=0.8, zorder=0)
            ax.annotate(
                f"slope {slope}", (steps[0], 1.15 * guide[0]), color="0.5", fontsize=7, va="bottom"
            )
        ax.set_title(setting, fontsize=10)
        ax.set_xlabel("step (σ, ε, |v|, t, …) over the first")
        ax.set_xticks(steps, [f"{s:g}" for s in steps])
        ax.minorticks_off()
        ax.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("relative error to the predicted limit")
    return figure


def verdict(outcomes: Sequence[ConnectionOutcome]) -> str:
    """Say in one line how many hold."""
    failed = [f"{o.connection.id} ({o.setting})" for o in outcomes if not o.holds]
    if not failed:
        return f"All {len(outcomes)} hold."
    return f"{len(outcomes) - len(failed)} of {len(outcomes)} hold; not {', '.join(failed)}."
