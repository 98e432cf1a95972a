"""The sheet of samples: the right pixels, the same bytes, and beside the record."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from matplotlib.image import imread

from ebmbench import catalog
from ebmbench.datasets.images import logit_pixels
from ebmbench.harness.job import Job
from ebmbench.harness.run import run_job
from ebmbench.harness.sample_images import sample_sheet


def test_tiles_hold_the_images_in_order() -> None:
    pixels = torch.arange(100 * 6).reshape(100, 6) % 256
    x, _ = logit_pixels(pixels, 256, torch.full((100, 6), 0.5, dtype=torch.float64))
    picture = imread(io.BytesIO(sample_sheet(x, (2, 3))), format="png")[:, :, 0]
    # enlarged fourteen times, with a margin of one pixel
    assert picture.shape == (10 * 29, 10 * 43)
    tile = picture[29:57, 2 * 43 : 2 * 43 + 42][7::14, 7::14]
    np.testing.assert_allclose(tile.flatten(), (pixels[12] + 0.5) / 256, atol=2 / 256)
    np.testing.assert_array_equal(picture[28], 1.0)


def test_same_rows_same_bytes() -> None:
    x = torch.randn(120, 64, generator=torch.Generator().manual_seed(0))
    first = sample_sheet(x, (8, 8))
    assert first == sample_sheet(x.clone(), (8, 8))
    assert b"Software" not in first


def test_image_runs_leave_a_sheet_beside_the_record(tmp_path: Path) -> None:
    task, method = catalog.tasks()["digits/nice"], catalog.methods()["dsm"]
    smoke = Job(task, method.for_task(task.name), 0, "smoke")
    run_job(smoke, tmp_path / "smoke", False)
    assert not list((tmp_path / "smoke").rglob("*.png"))
    budgets = task.budget.model_copy(update={"standard": task.budget.smoke})
    short = task.model_copy(update={"budget": budgets})
    job = Job(short, method.for_task(task.name), 0, "standard")
    run_job(job, tmp_path, False)
    (sheet,) = job.path(tmp_path).parent.glob("seed-0.*.samples.png")
    assert imread(sheet).shape[:2] == (10 * 33, 10 * 33)
