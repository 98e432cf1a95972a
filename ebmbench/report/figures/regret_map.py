"""How far every method stays below the true density, as a map."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ebmbench.report.figures.canvas import GROUPS, empty_figure, methods_by_kind
from ebmbench.report.stats.boards import Boards, Measure

COLOURS = "cividis_r"
"""Made to look the same to readers with and without colour vision deficiency (Nuñez, Anderton and
Renslow 2018); its lightness alone carries the order, also in print without colour."""
LOW, HIGH = -4.0, 1.0
"""Powers of ten, in nats, between which the colours run; what lies beyond has the end's colour."""
DARK = 0.55
"""Share of the colours from which text is white."""
LETTER = 0.065
"""Inches that a letter of a name is wide; one of a turned name takes 0.65 of it downwards."""
TITLE = 4.8
"""Inches that the title is wide: a picture of few tasks is no narrower."""


def draw_regret(boards: Boards) -> Figure | None:
    """Draw how far each method stays below the true density, in nats, where it is known.

    Lines part the oracle, the objectives and the references, and one board from the next.

    Returns:
        ``None`` if the truth of no task is known.
    """
    known = [b for b in boards.boards if Measure.REGRET in b.measures.values()]
    columns = [
        (board, task)
        for board in known
        for task in board.tasks
        if board.measures[task] is Measure.REGRET
    ]
    if not columns:
        return None
    groups = methods_by_kind(known)
    methods = [method for _, of_kind in groups for method in of_kind]
    beside, below = max(map(len, methods)), max(len(task) for _, task in columns)
    figure = empty_figure(
        max(TITLE, 1.8 + LETTER * beside + 0.66 * len(columns)),
        0.9 + 0.65 * LETTER * below + 0.3 * len(methods),
    )
    ax = figure.subplots()
    colours = ax.imshow(
        np.full((len(methods), len(columns)), np.nan), cmap=COLOURS, vmin=LOW, vmax=HIGH,
        aspect="auto",
    )  # fmt: skip
    table = np.full((len(methods), len(columns)), np.nan)
    for j, (board, task) in enumerate(columns):
        cells = {row.method: row.cells[task] for row in board.rows}
        for i, method in enumerate(methods):
            cell = cells.get(method)
            if cell is None or cell.score is None:
                _word(ax, i, j, "" if cell is None else cell.word)
                continue
            value = cell.score.mean
            table[i, j] = np.log10(max(value, 10**LOW))
            ink = "w" if (table[i, j] - LOW) / (HIGH - LOW) > DARK else "k"
            ax.text(j, i, two_digits(value), ha="center", va="center", fontsize=7, color=ink)
    colours.set_data(table)
    ax.set_xticks(range(len(columns)), [t for _, t in columns], rotation=40, ha="right")
    ax.set_yticks(range(len(methods)), methods)
    ax.tick_params(length=0, labelsize=8)
    _part(ax, [len(of_kind) for _, of_kind in groups], "h")
    _part(ax, [len(list(of)) for _, of in itertools.groupby(columns, lambda c: c[0].family)], "v")
    _name_groups(ax, groups, len(columns))
    # Thin: beside a single column a bar of the usual width loses its labels.
    ticks = range(int(LOW), int(HIGH) + 1)
    bar = figure.colorbar(colours, ax=ax, ticks=ticks, pad=0.07, aspect=40)
    bar.ax.set_yticklabels(["≤ 0.0001", "0.001", "0.01", "0.1", "1", "≥ 10"], fontsize=8)
    figure.suptitle(
        "Regret: nats below the true density of the same rows, mean over seeds\n"
        f"preset {boards.preset}; light is good; colours end at 0.0001 and 10 nats",
        fontsize=9,
    )
    return figure


def two_digits(value: float) -> str:
    """Return a number with two significant digits, short enough for a cell.

    Example:
        >>> [two_digits(v) for v in (0.0, 0.00012, 0.0045, 0.5, 1.04, 53.2, 5312.8, -0.02)]
        ['0', '1.2e-4', '0.0045', '0.50', '1.0', '53', '5.3e3', '−0.020']
    """
    if value == 0:
        return "0"
    mantissa, _, power = f"{abs(value):.1e}".partition("e")
    exponent = int(power)
    if exponent < -3 or exponent > 2:
        text = f"{mantissa}e{exponent}"
    else:
        text = f"{float(f'{mantissa}e{power}'):.{max(1 - exponent, 0)}f}"
    return ("−" if value < 0 else "") + text


def _word(ax: Axes, i: int, j: int, word: str) -> None:
    """Say in a cell without a number why it has none, on a hatched ground if the run failed."""
    missing = word in ("–", "skipped", "")
    if not missing:
        ground = Rectangle((j - 0.5, i - 0.5), 1, 1, facecolor="#e6e6e6", edgecolor="#9a9a9a")
        ground.set(hatch="////", linewidth=0)
        ax.add_patch(ground)
    text = "–" if missing else word.split()[0]
    ax.text(j, i, text, ha="center", va="center", fontsize=7 if missing else 6, color="#333333")


def _part(ax: Axes, sizes: Sequence[int], way: str) -> None:
    """Draw lines between groups of rows (``h``) or columns (``v``)."""
    for place in list(itertools.accumulate(sizes))[:-1]:
        line = ax.axhline if way == "h" else ax.axvline
        line(place - 0.5, color="w", linewidth=5)
        line(place - 0.5, color="k", linewidth=1)


def _name_groups(ax: Axes, groups: Sequence[tuple[str, list[str]]], columns: int) -> None:
    start = 0
    for kind, methods in groups:
        middle = start + (len(methods) - 1) / 2
        text = GROUPS[kind] if len(methods) > 1 or kind == "oracle" else GROUPS[kind].rstrip("s")
        # Along the edge, where a group has the height for it.
        turned = 270 if 0.3 * len(methods) > 0.075 * len(text) else 0
        ax.text(
            columns - 0.4, middle, text, rotation=turned, fontsize=8, va="center", ha="left",
            color="#444444",
        )  # fmt: skip
        start += len(methods)
