"""What a notebook shows: short lines, escaped tables, pictures of what was asked for."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from matplotlib import pyplot
from matplotlib.collections import PathCollection

import ebmbench
from ebmbench.metrics.base import Measurement
from ebmbench.metrics.built_in import BUILT_IN
from ebmbench.metrics.measurements import Measurements

TASK = "2d/two-moons"
RESULTS = Path(__file__).parents[2] / "results"


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def gaussian(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x.square().sum(1)


def test_a_measurement_is_a_short_line_and_escapes_its_note() -> None:
    note = 'checks <b>failed</b> & "more"'
    found = Measurement(-1.23456, 0.01234, -1.3, -1.2, certified=False, note=note)
    assert repr(found) == "Measurement(-1.235 ± 0.012, -1.3 to -1.2, refused)"
    shown = found._repr_html_()
    assert html.escape(note) in shown
    assert ElementTree.fromstring(shown).attrib["title"] == note
    assert repr(Measurement(2.0)) == "Measurement(2, certified)"


def test_measurements_are_a_table_with_a_line_for_each() -> None:
    hostile = Measurement(1.0, note="<script>alert(1)</script>")
    found = Measurements(
        {"mmd": hostile, "ksd": Measurement(0.5)},
        {name: BUILT_IN[name] for name in ("mmd", "ksd")},
        None,
        None,
    )
    assert dict(found) == {"mmd": hostile, "ksd": Measurement(0.5)}
    assert repr(found) == "Measurements(mmd 1, ksd 0.5)"
    table = ElementTree.fromstring(found._repr_html_())
    assert [line[0].text for line in table] == ["metric", "mmd", "ksd"]
    assert "<script>" not in found._repr_html_()


def test_a_training_is_a_short_line_and_a_table_of_its_curve() -> None:
    data = ebmbench.load_data(TASK)
    energy = ebmbench.build_energy(TASK, data)
    training = ebmbench.train(energy, "nce", data, TASK, steps=30)
    assert repr(training).startswith("Training(30 steps in ")
    assert len(repr(training)) < 200
    page = ElementTree.fromstring(f"<div>{training._repr_html_()}</div>")
    steps = [line[0].text for line in page[1]]
    assert steps[0] == "step"
    assert steps[-1] == "30"
    assert 2 < len(steps) <= 13
    # and of what went wrong
    training.last.tensors[next(iter(training.last.tensors))].fill_(torch.nan)
    assert "not finite" in repr(training)

    ax = ebmbench.plot.curves({"nce": training})
    line, ring = ax.lines
    likelihoods = {
        p.step: p.log_likelihood for p in training.curve if p.log_likelihood is not None
    }
    assert dict(zip(*line.get_data(), strict=True)) == likelihoods
    assert ring.get_xdata() == [training.selected.step]
    ax = ebmbench.plot.curves(training, "loss")
    assert list(ax.lines[0].get_ydata()) == [point.loss for point in training.curve]


def test_a_density_in_the_plane_is_drawn_as_it_is() -> None:
    rows = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    ax = ebmbench.plot.density(gaussian, rows)
    (image,) = ax.images
    picture, extent = np.asarray(image.get_array()), image.get_extent()
    cell = (extent[1] - extent[0]) * (extent[3] - extent[2]) / picture.size
    # normalised, on a box that holds nearly all of it, and highest where the Gaussian is
    assert float(picture.sum()) * cell == pytest.approx(1.0, abs=0.02)
    assert picture.max() == pytest.approx(1 / (2 * np.pi), rel=1e-3)
    (points,) = (c for c in ax.collections if isinstance(c, PathCollection))
    assert len(np.asarray(points.get_offsets())) == 300


def test_a_density_of_one_column_is_a_line_on_the_callers_axes() -> None:
    _, mine = pyplot.subplots()
    rows = torch.randn(300, 1, generator=torch.Generator().manual_seed(0))
    energy = ebmbench.wrap(gaussian, rows)
    assert ebmbench.plot.density(energy, rows, ax=mine) is mine
    x, y = (np.asarray(each) for each in mine.lines[0].get_data())
    assert np.allclose(y, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), atol=1e-4)
    assert ebmbench.plot.density(energy).lines


def test_samples_are_drawn_over_rows_in_the_columns_asked_for() -> None:
    rows = torch.randn(300, 3, generator=torch.Generator().manual_seed(0))
    found = ebmbench.evaluate(gaussian, rows, metrics=["energy_distance"], preset="smoke")
    assert found.samples is not None
    ax = ebmbench.plot.samples(found, rows, columns=(2, 0))
    below, above = (np.asarray(each.get_offsets()) for each in ax.collections)
    assert np.allclose(below, rows[:, [2, 0]])
    assert np.allclose(above, found.samples[:2000][:, [2, 0]], atol=1e-5)
    assert ebmbench.plot.samples(rows[:, :1]).patches


def test_a_board_of_tasks_with_a_truth_is_the_map_of_regrets() -> None:
    figure = ebmbench.plot.board(RESULTS / "2026-11")
    words = {text.get_text() for text in figure.axes[0].get_yticklabels()}
    assert {"nce", "dsm", "gaussian"} <= words
    columns = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert columns
    assert all(word.startswith("2d/") for word in columns)
