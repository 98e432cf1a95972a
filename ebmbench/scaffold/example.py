"""A small table of numbers, so that what is begun runs before there are rows of one's own."""

from __future__ import annotations

import numpy as np

ROWS = 400


def example_table() -> str:
    """Return a CSV with a header: two groups of points in three columns that depend."""
    rng = np.random.default_rng(0)
    group = rng.integers(2, size=ROWS)
    height = rng.normal(2.0 * group, 0.4)
    width = rng.normal(0.5 * height, 0.3)
    weight = height * width + rng.normal(0.0, 0.2, ROWS)
    lines = [f"{a:.3f},{b:.3f},{c:.3f}" for a, b, c in zip(height, width, weight, strict=True)]
    return "\n".join(["height,width,weight", *lines, ""])
