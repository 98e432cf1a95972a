"""Pictures are drawn where their numbers exist, and show something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib
import matplotlib.image
import numpy as np
import pytest

from ebmbench.records import Record, Status
from ebmbench.report.figures.boards import draw_boards
from ebmbench.report.figures.regret_map import COLOURS, draw_regret, two_digits
from ebmbench.report.stats.boards import make_boards

Make = Callable[..., Record]


def test_figures_of_a_whole_grid(make: Make, tmp_path: Path) -> None:
    methods = ("mle-exact", "dsm", "ssm", "nce", "cd", "gaussian")
    records = [
        make(task, method, seed, -2.05 - 0.02 * k - 0.01 * seed - (method == "gaussian"))
        for task in ("2d/rings", "2d/two-moons", "2d/pinwheel")
        for k, method in enumerate(methods)
        for seed in range(2)
    ]
    paths = draw_boards(make_boards(records), records, tmp_path)
    names = {path.stem for path in paths}
    assert names == {"regret", "quality-cost", "differences-2d", "profile-2d"}
    for path in paths:
        image = matplotlib.image.imread(path)
        assert image.shape[0] > 100
        assert np.ptp(image[..., :3]) > 0.5


def test_what_has_no_numbers_is_left_out(make: Make, tmp_path: Path) -> None:
    records = [make("uci/wine", "dsm", 0, -13.0, optimum=None)]
    assert draw_boards(make_boards(records), records, tmp_path) == []


def test_the_map_says_numbers_words_and_groups(make: Make) -> None:
    values = {"mle-exact": -2.0001, "dsm": -2.00234, "nce": -2.0, "cd": -5314.0, "gaussian": -3.5}
    records = [make("2d/rings", method, 0, value) for method, value in values.items()]
    records.append(make("2d/rings", "pcd", status=Status.FAILED))
    figure = draw_regret(make_boards(records))
    assert figure is not None
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {"1.0e-4", "0.0023", "0", "5.3e3", "1.5", "failed"} <= set(texts)
    assert {"oracle", "objectives", "reference"} <= set(texts)
    assert len({text for text in texts if text[0].isdigit()}) == len(values)
    # A white and a black line under the oracle, and one over the references.
    assert len(figure.axes[0].lines) == 4


@pytest.mark.filterwarnings("error:constrained_layout")
@pytest.mark.parametrize("tasks", [("2d/rings",), ("2d/rings", "2d/two-moons", "2d/pinwheel")])
def test_the_map_holds_a_long_name(make: Make, tasks: tuple[str, ...]) -> None:
    name = "dsm#learning_rate=0.0003,sigma=0.05,steps=20,weight_decay=0.01,averaging=0.999"
    records = [make(task, of, 0, -3.0) for task in tasks for of in ("dsm", "nce", "gaussian")]
    renamed = [
        each.model_copy(update={"method": name}) if each.method == "dsm" else each
        for each in records
    ]
    figure = draw_regret(make_boards(renamed))
    assert figure is not None
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    cells, bar = figure.axes
    width = figure.bbox.width
    for ax in (cells, bar):
        box = ax.get_tightbbox(renderer)
        assert box is not None
        assert box.x0 >= 0
        assert box.x1 <= width
    # As wide a cell as its number needs.
    assert cells.get_window_extent(renderer).width / len(tasks) > 0.4 * figure.dpi


def test_the_colours_of_the_map_are_in_order_of_lightness() -> None:
    rgb = matplotlib.colormaps[COLOURS](np.linspace(0, 1, 64))[:, :3]
    lightness = rgb @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) < 0).all()


@pytest.mark.parametrize("value", np.geomspace(1e-6, 1e6, 49).tolist())
def test_two_digits_are_the_two_that_count(value: float) -> None:
    assert float(two_digits(value)) == pytest.approx(float(f"{value:.1e}"))
    assert len(two_digits(value)) <= 6
