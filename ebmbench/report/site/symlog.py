r"""Symmetric logarithmic axes: linear where most points are, logarithmic far away.

One run that ends thousands of nats off would otherwise press all others into a line. plotly has no
such axis, so the numbers are bent here, by :math:`\operatorname{asinh}((y - c) / s)` about the
median :math:`c` with the spread :math:`s` of the middle half, and the ticks say the true values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FAR = 12.0
"""Spreads from the median beyond which a point flattens all others on a linear axis."""
EDGE_TICKS = 9
"""Ticks at most."""
SAID = "linear in the middle, logarithmic beyond"


@dataclass(frozen=True)
class Bend:
    """A map from values to places on an axis."""

    centre: float
    spread: float

    def place(self, value: float) -> float:
        """Return where a value stands."""
        return math.asinh((value - self.centre) / self.spread)

    def ticks(self, low: float, high: float) -> list[float]:
        """Return round values between two ends, denser about the centre.

        Arguments:
            low: the least value shown.
            high: the greatest.
        """
        steps = [0.0]
        size = self.spread
        while size < max(high - self.centre, self.centre - low):
            steps += [size, -size]
            size *= 10 if size > 5 * self.spread else 4
        found = sorted({_round(self.centre + step, self.spread) for step in steps})
        kept = [value for value in found if low <= value <= high]
        return kept[:: max(1, math.ceil(len(kept) / EDGE_TICKS))]


def find_bend(values: Sequence[float]) -> Bend | None:
    """Return how to bend an axis so that no value flattens the rest; ``None`` if none does.

    Example:
        >>> find_bend([-2.5, -2.4, -2.6, -2.5, -2.45]) is None
        True
        >>> find_bend([-2.5, -2.4, -2.6, -2.55, -2.45, -5308.0]).centre
        -2.525
    """
    finite = np.array([value for value in values if math.isfinite(value)])
    if len(finite) < 4:
        return None
    centre = float(np.median(finite))
    spread = float(np.subtract(*np.quantile(finite, [0.75, 0.25])))
    far = float(np.abs(finite - centre).max())
    if spread <= 0 or far <= FAR * spread:
        return None
    return Bend(centre, spread)


def bend_axis(axis: dict[str, Any], bend: Bend, values: Sequence[float]) -> dict[str, Any]:
    """Return an axis of plotly with ticks at bent places, and a title that says so.

    Arguments:
        axis: as :func:`ebmbench.report.site.plot.axis` makes it.
        bend: of the axis.
        values: all that are shown.
    """
    finite = [value for value in values if math.isfinite(value)]
    ticks = bend.ticks(min(finite), max(finite))
    title = f"{axis['title']['text']} ({SAID})"
    return axis | {
        "title": {"text": title},
        "tickvals": [round(bend.place(value), 5) for value in ticks],
        "ticktext": [f"{value:.6g}" for value in ticks],
        "zeroline": False,
    }


def _round(value: float, spread: float) -> float:
    """Round to the digit that the distance from its neighbours leaves of interest."""
    digits = 1 - math.floor(math.log10(max(spread, abs(value) / 1000)))
    return round(value, digits)
