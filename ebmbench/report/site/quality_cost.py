"""Quality against cost, with the line of the methods that no other beats in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ebmbench.records import Record
from ebmbench.report.site.content import Content
from ebmbench.report.site.links import method_link
from ebmbench.report.site.outliers import bend_axis, find_bend
from ebmbench.report.site.plot import Figure, Plot, Style, axis, front, rounded
from ebmbench.report.stats.boards import Board, Measure, Row, contended_pairs
from ebmbench.report.stats.costs import evaluations
from ebmbench.report.stats.summary import Summary

Points = Mapping[str, float]
"""A number by method."""


@dataclass(frozen=True)
class Quality:
    """One way to say how good methods are."""

    title: str
    points: Points
    lower_is_better: bool
    decades: bool = False
    """Whether its axis is logarithmic, where all numbers are positive."""


COSTS: Mapping[str, tuple[str, Callable[[Row], float | None]]] = {
    "seconds": ("training seconds, median over runs", lambda row: row.train_seconds),
    "evaluations": ("network passes per example and step", lambda row: row.passes),
    "memory": ("peak memory of the allocator, MiB", lambda row: _mebibytes(row.peak_bytes)),
}


def board_plot(content: Content, board: Board, summary: Summary | None) -> Plot | None:
    """Plot mean rank and regret of a family's methods against each cost.

    Returns:
        ``None`` with fewer than two methods that have a rank or a regret.
    """
    ranks = {row.method: row.rank for row in board.rows if row.rank is not None}
    regrets = {} if summary is None else {m: g.value for m, g in summary.gap_left.items()}
    qualities = {
        "gap left": Quality(
            "share of the gap to the truth still open, better is up", regrets, True, decades=True
        ),
        "mean rank": Quality("mean rank, 1 is best", ranks, True),
    }
    costs = {
        name: (title, {r.method: x for r in board.rows if (x := cost(r)) is not None and x > 0})
        for name, (title, cost) in COSTS.items()
    }
    note = (
        "The line joins the methods that no other beats in both. Choose a point to open its "
        "method." + (" Seconds were taken on shared cores." if content.boards.contended else "")
    )
    return _plot(
        content, f"quality-cost-{board.family}", f"{board.title}: quality against cost", note,
        qualities=qualities, costs=costs,
    )  # fmt: skip


def task_plot(content: Content, board: Board, task: str) -> Plot | None:
    """Plot regret and log-likelihood of a task's methods against each cost, medians over seeds."""
    runs = content.runs_of_task(task)
    paired = {r.method: s.mean for r in board.rows if (s := r.cells[task].score) is not None}
    scores = {r.method: s.mean for r in board.rows if (s := r.raw[task].score) is not None}
    apart = contended_pairs(content.records)
    alone = {name: of for name, of in runs.items() if (task, name) not in apart}
    costs = {
        "seconds": ("training seconds", _medians(alone, lambda run: _cost(run, "train_seconds"))),
        "evaluations": ("network evaluations of the training", _medians(runs, _evaluations)),
        "memory": (
            "peak memory of the allocator, MiB",
            _medians(runs, lambda run: _mebibytes(_cost(run, "allocator_peak_bytes"))),
        ),
    }
    words, lower_is_better = {
        Measure.REGRET: ("nats below the true density, better is up", True),
        Measure.GAIN: ("nats above the fitted Gaussian", False),
        Measure.RAW: ("test log-likelihood, nats", False),
    }[board.measures[task]]
    qualities = {
        board.measures[task].value: Quality(words, paired, lower_is_better, lower_is_better),
        "log-likelihood": Quality("test log-likelihood, nats", scores, False),
    }
    note = "Medians over seeds. The line joins the methods that no other beats in both."
    return _plot(
        content, "quality-cost", "Quality against cost", note, qualities=qualities, costs=costs
    )


def _plot(
    content: Content,
    name: str,
    title: str,
    note: str,
    *,
    qualities: Mapping[str, Quality],
    costs: Mapping[str, tuple[str, Points]],
) -> Plot | None:
    variants = {
        f"{name} against {cost}": _figure(x, x_title, quality, content.looks)
        for name, quality in qualities.items()
        for cost, (x_title, x) in costs.items()
        if len(x.keys() & quality.points.keys()) > 1
    }
    return Plot(name, title, note, variants) if variants else None


def _figure(x: Points, x_title: str, quality: Quality, looks: Mapping[str, Style]) -> Figure:
    """Draw one pair of axes, with better upwards."""
    y = quality.points
    shared = sorted(x.keys() & y.keys())
    sign = 1.0 if quality.lower_is_better else -1.0
    # One method far off would press all others together: in decades where all are positive, else
    # on a bent axis.
    decades = quality.decades and all(y[m] > 0 for m in shared)
    bend = None if decades else find_bend([y[m] for m in shared])
    place = bend.place if bend is not None else float
    line = front([(x[m], sign * y[m]) for m in shared])
    trace = {
        "type": "scatter", "mode": "lines", "name": "not beaten in both", "hoverinfo": "skip",
        "x": rounded([p[0] for p in line]), "y": rounded([place(sign * p[1]) for p in line]),
        "line": {"shape": "hv", "width": 1.5, "dash": "dot", "color": "#7d8590"},
    }  # fmt: skip
    points = [
        {
            "type": "scatter", "mode": "markers+text", "name": m, "text": [m],
            "textposition": "top center", "cliponaxis": False,
            "x": rounded([x[m]]), "y": rounded([place(y[m])]),
            "meta": {"y": rounded([y[m]])}, "customdata": [method_link(m)], "showlegend": False,
            "hovertemplate": f"%{{text}}<br>%{{x:.4g}}, {y[m]:.4g}<extra></extra>",
            "marker": {"size": 11, "color": looks[m].color, "symbol": looks[m].symbol},
        }
        for m in shared
    ]  # fmt: skip
    heights = [y[m] for m in shared]
    vertical = axis(quality.title, log=decades, reverse=quality.lower_is_better, values=heights)
    if bend is not None:
        vertical = bend_axis(vertical, bend, heights)
    across = axis(x_title, log=True, values=[x[m] for m in shared])
    layout = {"xaxis": across, "yaxis": vertical, "showlegend": False}
    return {"data": [trace, *points], "layout": layout}


def _medians(
    runs: Mapping[str, Sequence[Record]], cost: Callable[[Record], float | None]
) -> dict[str, float]:
    found = {m: [v for r in of if (v := cost(r)) is not None and v > 0] for m, of in runs.items()}
    return {method: median(values) for method, values in found.items() if values}


def _cost(run: Record, name: str) -> float | None:
    return None if run.cost is None else getattr(run.cost, name)


def _evaluations(run: Record) -> float | None:
    return None if run.cost is None else evaluations(run)


def _mebibytes(size: float | None) -> float | None:
    return None if size is None else size / 2**20
