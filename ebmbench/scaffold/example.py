"""A small table of numbers, so that what is begun runs before there are rows of one's own."""

from __future__ import annotations

import numpy as np

ROWS = 400


def example_table() -> str:
    """Return a CSV with a header: two groups of points in five columns that depend."""
    rng = np.random.default_rng(0)
    group = rng.integers(2, size=ROWS)
    height = rng.normal(2.0 * group, 0.4)
    width = rng.normal(0.5 * height, 0.3)
    weight = height * width + rng.normal(0.0, 0.2, ROWS)
    price = rng.gamma(3.0, np.exp(0.2 * weight))
    days = rng.normal(10.0, 2.0 + np.abs(height), ROWS)
    rows = np.stack([height, width, weight, price, days], 1)
    lines = [",".join(f"{cell:.3f}" for cell in row) for row in rows]
    return "\n".join(["height,width,weight,price,days", *lines, ""])
