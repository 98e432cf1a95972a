"""Pictures of a search: the best of n trials, and how the outcome depends on each knob."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from ebmbench.report.figures.canvas import empty_figure
from ebmbench.tuning.luck import best_after
from ebmbench.tuning.trials import Trials, mean_gaps, settings_differ

COLUMNS = 4
FEW = 4
"""Values of a knob up to which each has a place of its own on an axis."""
FLOOR = 10.0
"""Multiples of the spread of the better half below the best at which a picture's axis ends."""


def draw_luck(trials: Trials) -> Figure:
    """Draw the median (line) and quartiles (band) of the best of ``n`` trials by method."""
    methods = trials.methods
    rows = math.ceil(len(methods) / COLUMNS)
    figure = empty_figure(2.4 * min(COLUMNS, len(methods)), 1.9 * rows + 0.4)
    axes = np.atleast_1d(
        figure.subplots(rows, min(COLUMNS, len(methods)), sharex=True, sharey=True, squeeze=False)
    ).ravel()
    gaps = {method: list(mean_gaps(trials, method).values()) for method in methods}
    curves = {m: [best_after(gaps[m], q) for q in (0.25, 0.5, 0.75)] for m in methods}
    low = _floor([gap for each in gaps.values() for gap in each])
    # No lower than any curve comes.
    low = max(low, 1.05 * min(first[0] for first, _, _ in curves.values()))
    for ax, method in zip(axes, methods, strict=False):
        n = np.arange(1, len(gaps[method]) + 1)
        first, middle, third = (np.maximum(curve, low) for curve in curves[method])
        ax.fill_between(n, first, third, alpha=0.25, linewidth=0)
        ax.plot(n, middle, linewidth=1.5)
        ax.set_title(method, fontsize=9)
        ax.set_ylim(low, 0.02 * abs(low))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.tick_params(labelsize=7)
    for ax in axes[len(methods) :]:
        ax.set_visible(False)
    figure.supxlabel("trials", fontsize=8)
    figure.supylabel("best so far, nats below the best of all", fontsize=8)
    return figure


def draw_sensitivity(trials: Trials) -> Figure:
    """Draw the outcome of every trial against each of its knobs, a row a method."""
    methods = trials.methods
    knobs = {method: _knobs(trials, method) for method in methods}
    columns = max(map(len, knobs.values()))
    figure = empty_figure(2.3 * columns, 2.1 * len(methods))
    rows = figure.subfigures(len(methods), 1, squeeze=False)[:, 0]
    for row, method in zip(rows, methods, strict=True):
        axes = row.subplots(1, columns, sharey=True, squeeze=False)[0]
        _draw_knobs(axes[: len(knobs[method])], trials, method, knobs[method])
        for ax in axes[len(knobs[method]) :]:
            ax.set_visible(False)
        row.suptitle(method, fontsize=9)
    figure.supylabel("nats below the best of all", fontsize=8)
    rows[0].axes[0].legend(fontsize=6, loc="lower left", frameon=False)
    return figure


def _knobs(trials: Trials, method: str) -> list[str]:
    searched = [each[0] for number, each in trials.of(method).items() if number]
    return settings_differ(searched) or ["optimiser.learning_rate"]


def _draw_knobs(axes: Sequence[Axes], trials: Trials, method: str, knobs: Sequence[str]) -> None:
    records = [each[0] for each in trials.of(method).values()]
    gaps = mean_gaps(trials, method)
    low = _floor(list(gaps.values()))
    y = [max(gap, low) for gap in gaps.values()]
    for ax, knob in zip(axes, knobs, strict=True):
        values = [_value(record.method_card, knob) for record in records]
        numbers = [value for value in values if not isinstance(value, str)]
        few = len(numbers) < len(values) or len(set(numbers)) <= FEW
        x = _places(values) if few else numbers
        ax.scatter(x[1:], y[1:], s=14)
        ax.scatter(x[:1], y[:1], s=30, marker="D", label="card as it stood")
        if few:
            ax.set_xticks(range(len(set(values))), [str(each) for each in _in_order(values)])
            ax.set_xlim(-0.5, len(set(values)) - 0.5)
        elif min(numbers) > 0 and max(numbers) > 5 * min(numbers):
            ax.set_xscale("log")
            ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xlabel(knob.rpartition(".")[2], fontsize=8)
        ax.tick_params(labelsize=7)


def _value(card: object, knob: str) -> float | str:
    found: object = card
    for part in knob.split("."):
        found = found.get(part, math.nan) if isinstance(found, dict) else getattr(found, part)
    return found if isinstance(found, str | float | int) else str(found)


def _in_order(values: Sequence[float | str]) -> list[float | str]:
    return sorted(set(values), key=lambda each: (isinstance(each, str), each))


def _places(values: Sequence[float | str]) -> list[float]:
    """Return where each of a few values stands on an axis that names them."""
    order = _in_order(values)
    return [float(order.index(value)) for value in values]


def _floor(gaps: list[float]) -> float:
    """Return where an axis ends below: trials that failed are drawn there."""
    finite = sorted((gap for gap in gaps if math.isfinite(gap)), reverse=True)
    if not finite:
        return -1.0
    return min(-0.1, FLOOR * finite[len(finite) // 2] if len(finite) > 1 else finite[0])
