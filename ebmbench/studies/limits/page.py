"""The page: where each objective breaks, an overview and then axis by axis."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd

from ebmbench.studies.limits.axes import Axis
from ebmbench.studies.limits.grid import broken, shares

WORDS = """\
One difficulty at a time, all else the same. The number is the share of the gap between the fitted
Gaussian and the truth that the selected weights leave open: 0 is the truth, 1 a model that is no
better than the Gaussian where every training starts. An objective *breaks* at the level from
which on it leaves more than half of it open, or loses what the axis says. Settings are those of
the cards, tuned for the family at its usual difficulty and not for the level; tuned for a hard
level, a method may hold there. A number in brackets is not certified."""


def to_markdown(
    frame: pd.DataFrame, axes: Sequence[Axis], machine: Mapping[str, str], measured: str
) -> str:
    """Return the page."""
    levels = {axis.name: broken(frame, axis) for axis in axes}
    order = frame.drop_duplicates("method").sort_values(["family", "method"])
    lines = ["# Where each objective breaks", "", WORDS, ""]
    lines += ["| objective | " + " | ".join(axis.title for axis in axes) + " |"]
    lines += ["|---|" + "---|" * len(axes)]
    for method in order["method"]:
        cells = [_overview(levels[axis.name], method, axis) for axis in axes]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    lines += ["", "*never*: broken at the easiest level. –: it cannot be run there.", ""]
    for axis in axes:
        lines += _of_axis(frame, axis)
    seeds = frame["seed"].nunique()
    words = ", ".join(f"{key} {value}" for key, value in machine.items())
    lines += [f"{seeds} {'seed' if seeds == 1 else 'seeds'}; measured {measured}; {words}.", ""]
    return "\n".join(lines)


def _overview(levels: Mapping[str, float | None], method: str, axis: Axis) -> str:
    if method not in levels:
        return "–"
    level = levels[method]
    if level is None:
        return "holds"
    return "never" if level == axis.levels[0] else f"{level:g}"


def _of_axis(frame: pd.DataFrame, axis: Axis) -> list[str]:
    table = shares(frame, axis)
    lines = [f"## {axis.title}", "", textwrap.fill(axis.words, 96), ""]
    lines += [f"![{axis.title}](limits-{axis.name}.png)", ""]
    lines += [f"| {axis.unit} | " + " | ".join(f"{level:g}" for level in axis.levels) + " |"]
    lines += ["|---|" + "---:|" * len(axis.levels)]
    of_axis = frame[frame["axis"] == axis.name]
    gaussian = of_axis.groupby("level")["gaussian"].mean()
    gaps = [f"{gaussian.get(level, math.nan):.3g}" for level in axis.levels]
    lines.append(f"| *gap in nats* | {' | '.join(gaps)} |")
    certified = of_axis.groupby(["method", "level"])["certified"].all()
    for method in table.index:
        cells, of_method = [], table.loc[method].to_dict()
        for level in axis.levels:
            value = float(of_method[level])
            if math.isnan(value):
                cells.append("–")
            elif math.isinf(value):
                cells.append("failed")
            else:
                text = f"{value:.2g}" if value < 100 else f"{value:.0f}"
                cells.append(text if certified.get((method, level), False) else f"({text})")
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return [*lines, ""]
