"""No far point flattens a plot, and the plot says what was done about it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from ebmbench.records import Curve, CurvePoint, Record
from ebmbench.report.site.curves import run_curves, task_curves
from ebmbench.report.site.outliers import BENT, bend_axis, cut_axis, find_bend, find_cut
from ebmbench.report.site.plot import axis, styles

Make = Callable[..., Record]
NEAR = [-3.58, -3.5, -3.4, -3.2, -3.0, -2.9, -2.85]
FAR = -5308.0


def run(make: Make, method: str, values: list[float]) -> Record:
    curve = [
        CurvePoint(step=10**k, seconds=1.0, loss=v, log_likelihood=v, info={"energy_gap": v})
        for k, v in enumerate(values)
    ]
    return make("2d/rings", method, 0, values[-1]).model_copy(update={"curve": Curve(curve)})


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("shift", [0.0, -50.0])
def test_values_of_one_size_stay_on_a_plain_axis(scale: float, shift: float) -> None:
    values = (shift + scale * np.random.default_rng(0).normal(size=60)).tolist()
    assert find_bend(values) is None
    assert find_cut(values) is None


def test_a_bent_axis_keeps_order_and_room_for_what_is_near() -> None:
    values = [*NEAR, FAR]
    bend = find_bend(values)
    assert bend is not None
    places = [bend.place(v) for v in sorted(values)]
    assert places == sorted(places)
    # On a plain axis the near ones share a seven-thousandth of it.
    assert (places[-1] - places[1]) / (places[-1] - places[0]) > 0.08


@pytest.mark.parametrize("far", [-5308.0, -40.0, 1e6])
def test_ticks_are_true_round_and_apart(far: float) -> None:
    values = [*NEAR, far]
    bend = find_bend(values)
    assert bend is not None
    bent = bend_axis(axis("nats"), bend, values)
    true = [float(text.replace(",", "")) for text in bent["ticktext"]]
    assert bent["tickvals"] == pytest.approx([bend.place(v) for v in true], abs=1e-4)
    assert min(values) <= true[0] < true[-1] <= max(values)
    assert 4 <= len(true) <= 12
    assert BENT in bent["title"]["text"]
    assert all(float(f"{value:.1e}") == value for value in true)


def test_a_cut_axis_ends_near_the_rest_and_names_what_is_beyond() -> None:
    values = [*NEAR, FAR]
    cut = find_cut(values)
    assert cut is not None
    low, high = cut_axis(axis("nats"), cut, values)["range"]
    assert -6 < low < min(NEAR)
    assert max(NEAR) < high < -2
    assert "lowest -5308" in cut_axis(axis("nats"), cut, values)["title"]["text"]


def test_too_few_or_equal_values_are_left_alone() -> None:
    assert find_bend([1.0, 2.0, 1e9]) is None
    assert find_bend([1.0] * 9 + [1e9]) is None
    assert find_cut([math.nan, math.inf, 1.0]) is None


def test_curves_open_on_likelihood_and_one_run_flattens_no_other(make: Make) -> None:
    looks = styles(["pcd", "nce"])
    good, lost = run(make, "nce", NEAR), run(make, "pcd", [*NEAR[:3], FAR])
    together = task_curves({"nce": [good], "pcd": [lost]}, looks)
    assert together is not None
    name, figure = next(iter(together.variants.items()))
    assert name == "log-likelihood against steps"
    assert "cut below" in figure["layout"]["yaxis"]["title"]["text"]
    assert figure["data"][1]["y"][-1] == FAR


def test_a_run_alone_is_bent_and_its_true_numbers_stay_at_hand(make: Make) -> None:
    lost = run(make, "pcd", [*NEAR, FAR])
    plot = run_curves(lost, styles(["pcd"]))
    assert plot is not None
    for name in ("log-likelihood against steps", "loss against steps", "energy gap against steps"):
        figure = plot.variants[name]
        (trace,) = figure["data"]
        assert BENT in figure["layout"]["yaxis"]["title"]["text"], name
        assert trace["meta"]["y"] == [*NEAR, FAR]
        assert trace["text"][-1] == "-5308"
        assert min(trace["y"]) > -20
