"""Learning curves against steps, seconds and network evaluations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ebmbench.records import CurvePoint, Record
from ebmbench.report.site.outliers import bend_axis, cut_axis, find_bend, find_cut
from ebmbench.report.site.plot import Figure, Plot, Style, axis, rounded
from ebmbench.report.stats.targets import Spent, evaluations, seconds

LIKELIHOOD = "log-likelihood"
"""The first to be shown: the one quantity that compares."""
Quantity = Callable[[CurvePoint], float | None]

AGAINST: Mapping[str, tuple[str, Spent]] = {
    "steps": ("training steps", lambda record, point: float(point.step)),
    "seconds": ("training seconds", seconds),
    "evaluations": ("network evaluations", evaluations),
}


def task_curves(runs: Mapping[str, Sequence[Record]], looks: Mapping[str, Style]) -> Plot | None:
    """Plot the learning curves of all methods on one task, a line per seed.

    Arguments:
        runs: by method.
        looks: of the methods.

    Returns:
        ``None`` if no run has a curve.
    """
    everything = [run for of_method in runs.values() for run in of_method]
    return _plot(everything, looks, "Learning curves", (
        "A line per seed. Losses of different objectives do not compare; the validation "
        "log-likelihood does, and stands where it is cheap (exact or quadrature). Choose a name "
        "to hide it. Where a run is far off, the axis is cut or bent, and its title says so."
    ))  # fmt: skip


def run_curves(run: Record, looks: Mapping[str, Style]) -> Plot | None:
    """Plot loss, validation log-likelihood and every diagnostic of one run."""
    names = sorted({name for point in run.curve for name in point.info})
    title = "Learning curve and diagnostics"
    return _plot([run], looks, title, "", diagnostics=names)


def _plot(
    runs: Sequence[Record],
    looks: Mapping[str, Style],
    title: str,
    note: str,
    *,
    diagnostics: Sequence[str] = (),
) -> Plot | None:
    quantities: dict[str, tuple[str, Quantity]] = {
        LIKELIHOOD: ("validation log-likelihood, nats", lambda point: point.log_likelihood),
        "loss": ("training loss", lambda point: point.loss),
        "validation loss": ("own loss of validation rows", lambda point: point.validation_loss),
    } | {name: (name.replace("_", " "), _diagnostic(name)) for name in diagnostics}
    variants = {}
    for name, (y_title, quantity) in quantities.items():
        if any(quantity(point) is not None for run in runs for point in run.curve):
            for against, (x_title, spent) in AGAINST.items():
                if name in (LIKELIHOOD, "loss") or against == "steps":
                    figure = _figure(
                        runs,
                        looks,
                        quantity,
                        spent,
                        titles=(x_title, y_title),
                        compared=name == LIKELIHOOD,
                    )
                    variants[f"{name.replace('_', ' ')} against {against}"] = figure
    return Plot("curves", title, note, variants) if variants else None


def _diagnostic(name: str) -> Quantity:
    return lambda point: point.info.get(name)


def _figure(
    runs: Sequence[Record],
    looks: Mapping[str, Style],
    quantity: Quantity,
    spent: Spent,
    *,
    titles: tuple[str, str],
    compared: bool,
) -> Figure:
    data: list[dict[str, Any]] = []
    shown: set[str] = set()
    everything = [y for run in runs for p in run.curve if (y := quantity(p)) is not None]
    # Losses of different objectives lie apart for no fault of theirs, and one run alone is to be
    # seen whole: there nothing is cut.
    cut = find_cut(everything) if compared and len(runs) > 1 else None
    bend = None if cut is not None else find_bend(everything)
    for run in runs:
        points = [(p, y) for p in run.curve if (y := quantity(p)) is not None]
        if not points:
            continue
        look = looks[run.method]
        true = rounded([y for _, y in points])
        bent = (
            {}
            if bend is None
            else {
                "y": [None if y is None else round(bend.place(y), 5) for y in true],
                "text": [f"{y:.6g}" if y is not None else "" for y in true],
                "meta": {"y": true},
            }
        )
        value = "%{y:.5g}" if bend is None else "%{text}"
        data.append(
            {
                "type": "scatter", "mode": "lines+markers", "name": run.method,
                "legendgroup": run.method, "showlegend": run.method not in shown,
                "x": rounded([spent(run, p) for p, _ in points]), "y": true,
                "hovertemplate": f"seed {run.seed}: {value} at %{{x:.4g}}",
                "line": {"color": look.color, "dash": look.dash, "width": 1.5},
                "marker": {"symbol": look.symbol, "size": 5, "color": look.color},
            } | bent
        )  # fmt: skip
        shown.add(run.method)
    vertical = axis(titles[1])
    if bend is not None:
        vertical = bend_axis(vertical, bend, everything)
    elif cut is not None:
        vertical = cut_axis(vertical, cut, everything)
    layout = {
        "xaxis": axis(titles[0], log=True, values=[x for trace in data for x in trace["x"] if x]),
        "yaxis": vertical,
        "showlegend": len(shown) > 1,
    }
    return {"data": data, "layout": layout}
