"""Pictures of the leaderboard: regret, quality against cost, and what can be told apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from ebmbench.records import Record
from ebmbench.report.figures.saving import save
from ebmbench.report.stats.boards import Board, Boards, Measure, Row
from ebmbench.report.stats.profiles import performance_profile
from ebmbench.report.stats.summary import Summary, summarise
from ebmbench.report.stats.targets import CLOSED, complete, cost_to_target, seconds

LINES = ("-", "--", "-.", ":")
RATIOS = np.geomspace(1, 100, 200)


def draw_boards(
    boards: Boards, records: Sequence[Record], out: Path, form: str = "png"
) -> list[Path]:
    """Draw what the boards allow: a figure is left out where its numbers do not exist.

    Arguments:
        boards: the leaderboards.
        records: what they were made from.
        out: the output folder; pictures go to ``figures/``.
        form: ``png``, ``pdf`` or ``svg``.

    Returns:
        The files written.
    """
    drawn: dict[str, Figure | None] = {
        "regret": draw_regret(boards),
        "quality-cost": draw_quality_cost(boards),
    }
    for board in boards.boards:
        summary = summarise(board)
        if summary is not None and len(summary.methods) > 2 and len(summary.tasks) > 1:
            drawn[f"differences-{board.family}"] = draw_differences(board, summary)
        times = complete(cost_to_target(records, board, seconds))
        if any(math.isfinite(t) for of_method in times.values() for t in of_method):
            drawn[f"profile-{board.family}"] = draw_profile(board, times)
    paths = []
    for name, figure in drawn.items():
        if figure is not None:
            path = out / "figures" / f"{name}.{form}"
            save(figure, path, dpi=130)
            paths.append(path)
    return paths


def draw_regret(boards: Boards) -> Figure | None:
    """Draw how far each method stays below the true density, where known, as a heat map."""
    columns = [
        (b, task) for b in boards.boards for task in b.tasks if b.measures[task] is Measure.REGRET
    ]
    rows = _ordered_rows([b for b in boards.boards if b.optimum])
    if not columns:
        return None
    table = np.full((len(rows), len(columns)), np.nan)
    for j, (board, task) in enumerate(columns):
        for row in board.rows:
            score = row.cells[task].score
            if score is not None:
                table[rows.index(row.method), j] = score.mean
    figure = _figure(1.8 + 0.62 * len(columns), 1.6 + 0.3 * len(rows))
    ax = figure.subplots()
    shown = np.log10(np.clip(table, 1e-3, 1e1))
    image = ax.imshow(shown, cmap="RdYlGn_r", vmin=-3, vmax=1, aspect="auto")
    ax.set_xticks(range(len(columns)), [t for _, t in columns], rotation=40, ha="right")
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0, labelsize=8)
    for (i, j), value in np.ndenumerate(table):
        text = "–" if np.isnan(value) else f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"
        dark = not np.isnan(value) and abs(shown[i, j] + 1) > 1.6
        ax.text(j, i, text, ha="center", va="center", fontsize=7, color="w" if dark else "k")
    bar = figure.colorbar(image, ax=ax, ticks=[-3, -2, -1, 0, 1])
    bar.ax.set_yticklabels(["≤ 0.001", "0.01", "0.1", "1", "≥ 10"], fontsize=8)
    ax.set_title(f"Nats below the true density (preset {boards.preset})", fontsize=10)
    return figure


def draw_quality_cost(boards: Boards) -> Figure | None:
    """Draw, per family, the mean rank of each objective against seconds and network passes."""
    ranked = [
        (board, rows)
        for board in boards.boards
        if len(rows := [row for row in board.rows if row.rank is not None]) > 1
    ]
    costs: list[tuple[str, Callable[[Row], float | None]]] = [
        ("training seconds, median", lambda row: row.train_seconds),
        ("network passes per example and step", lambda row: row.passes),
    ]
    if not ranked:
        return None
    figure = _figure(3.6 * len(ranked), 6.2)
    axes = figure.subplots(2, len(ranked), squeeze=False)
    for j, (board, rows) in enumerate(ranked):
        for i, (title, cost) in enumerate(costs):
            points = [
                (row.method, x, row.rank)
                for row in rows
                if (x := cost(row)) is not None and x > 0 and row.rank is not None
            ]
            _scatter(axes[i, j], points)
            axes[i, j].set_xlabel(title, fontsize=8)
            axes[i, j].set_ylabel("mean rank (1 is best)" if j == 0 else "", fontsize=8)
        axes[0, j].set_title(board.title, fontsize=9)
    note = " (timed on shared cores)" if boards.contended else ""
    figure.suptitle(f"Quality against cost, preset {boards.preset}{note}", fontsize=10)
    return figure


def _scatter(ax: Axes, points: Sequence[tuple[str, float, float]]) -> None:
    """Draw methods as points, and the line of those that no other beats in both ways."""
    best = math.inf
    front = []
    for name, x, y in sorted(points, key=lambda p: (p[1], p[2])):
        if y < best:
            best = y
            front.append((x, y))
        ax.annotate(name, (x, y), textcoords="offset points", xytext=(5, 3), fontsize=7)
    if front:
        ax.step(*zip(*front, strict=True), where="post", color="#c44e52", linewidth=1, zorder=1)
    ax.scatter([p[1] for p in points], [p[2] for p in points], s=22, color="#333333", zorder=2)
    ax.set_xscale("log")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.margins(x=0.4, y=0.12)
    ax.invert_yaxis()
    ax.tick_params(labelsize=7, which="both")
    ax.grid(alpha=0.25)


def draw_differences(board: Board, summary: Summary) -> Figure:
    """Draw mean ranks, with a bar over every run of objectives that cannot be told apart."""
    count = len(summary.methods)
    figure = _figure(7.0, 0.7 + 0.27 * count + 0.14 * len(summary.groups))
    ax = figure.subplots()
    for place, (name, rank) in enumerate(zip(summary.methods, summary.mean_rank, strict=True)):
        ax.plot([1, rank], [place, place], color="#dddddd", linewidth=1, zorder=1)
        ax.scatter([rank], [place], s=24, color="#333333", zorder=3)
        ax.text(count + 0.15, place, f"{name}  {rank:.2f}", va="center", fontsize=8)
    for depth, (first, *_, last) in enumerate(g for g in summary.groups if len(g) > 1):
        x = (summary.mean_rank[first], summary.mean_rank[last])
        y = count - 0.3 + 0.4 * depth
        ax.plot(x, [y, y], color="#c44e52", linewidth=3, solid_capstyle="butt")
    ax.set_xlim(0.9, count + 0.1)
    ax.set_ylim(count + 0.4 * len(summary.groups), -0.6)
    ax.set_yticks([])
    ax.spines[["left", "right", "bottom"]].set_visible(False)
    ax.xaxis.tick_top()
    ax.tick_params(labelsize=8)
    ax.set_title(
        f"{board.title}: mean rank over {len(summary.tasks)} tasks; a bar joins what is not told "
        "apart at 5 %",
        fontsize=9,
    )
    return figure


def draw_profile(board: Board, times: Mapping[str, list[float]]) -> Figure:
    """Draw the share of tasks solved within a multiple of the fastest objective's seconds."""
    costs = np.array(list(times.values())).T
    shares = performance_profile(np.maximum(costs, 1e-6), RATIOS.tolist())
    figure = _figure(6.4, 3.4)
    ax = figure.subplots()
    for number, (name, share) in enumerate(zip(times, shares, strict=True)):
        style = LINES[number // 10 % len(LINES)]
        ax.step(RATIOS, share, where="post", label=name, linestyle=style, linewidth=1.4)
    ax.set_xscale("log")
    ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("seconds, as a multiple of the fastest", fontsize=8)
    ax.set_ylabel("share of tasks solved", fontsize=8)
    ax.set_title(
        f"{board.title}: time to close {CLOSED:.0%} of the gap from Gaussian to truth", fontsize=9
    )
    ax.tick_params(labelsize=8)
    ax.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def _ordered_rows(boards: Sequence[Board]) -> list[str]:
    """Return the methods, oracle first and references last, each group in order of appearance."""
    kinds = {row.method: row.kind for board in boards for row in board.rows}
    order = ["oracle", "", "reference"]
    return sorted(kinds, key=lambda method: order.index(kinds[method]))


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure
