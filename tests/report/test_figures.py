"""Pictures are drawn where their numbers exist, and show something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np

from ebmbench.records import Record
from ebmbench.report.figures.boards import draw_boards
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
