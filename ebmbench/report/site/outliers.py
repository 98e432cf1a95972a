r"""Axes that one far point does not flatten: bent, or cut, and said so in their title.

One run that ends thousands of nats off would otherwise press all others into a line. plotly has no
symmetric logarithmic axis, so numbers are bent here, by
:math:`\operatorname{asinh}((y - c) / s)` about the median :math:`c` with the spread :math:`s` of
the middle half, and the ticks say the true values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FAR = 12.0
"""Spreads from the median beyond which a point flattens all others on a linear axis."""
FENCE = 3.0
"""Spreads beyond the middle half at which an axis is cut (Tukey's outer fence)."""
MOST_TICKS = 9
BENT = "linear near the middle, logarithmic beyond"


@dataclass(frozen=True)
class Bend:
    """A map from values to places on an axis."""

    centre: float
    spread: float

    def place(self, value: float) -> float:
        """Return where a value stands."""
        return math.asinh((value - self.centre) / self.spread)

    def ticks(self, low: float, high: float) -> list[float]:
        """Return round values between two ends, apart from each other on the bent axis.

        Arguments:
            low: the least value shown.
            high: the greatest.
        """
        room = (self.place(high) - self.place(low)) / MOST_TICKS
        kept: list[float] = []
        top = math.ceil(math.log10(max(abs(low), abs(high), self.spread)))
        # From coarse to fine, and the finer only about the centre.
        for power in range(top, math.floor(math.log10(self.spread)) - 1, -1):
            for step in (10.0**power, 5.0 * 10.0 ** (power - 1)):
                nearest = round(self.centre / step)
                for k in range(nearest - 10, nearest + 11):
                    value = round(k * step, max(1 - power, 0))
                    free = all(
                        abs(self.place(value) - self.place(other)) >= room for other in kept
                    )
                    if low <= value <= high and free:
                        kept.append(value)
        return sorted(kept)


def find_bend(values: Sequence[float]) -> Bend | None:
    """Return how to bend an axis so that no value flattens the rest; ``None`` if none does.

    Example:
        >>> find_bend([-2.5, -2.4, -2.6, -2.5, -2.45]) is None
        True
        >>> find_bend([-2.5, -2.4, -2.6, -2.55, -2.45, -5308.0]).centre
        -2.525
    """
    middle = _middle_half(values)
    if middle is None:
        return None
    low, centre, high, far = middle
    return Bend(centre, high - low) if far > FAR * (high - low) else None


def find_cut(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the ends at which to cut an axis so that no value flattens the rest, or ``None``.

    Example:
        >>> find_cut([-2.5, -2.4, -2.6, -2.5, -2.45]) is None
        True
        >>> low, high = find_cut([-2.5, -2.4, -2.6, -2.55, -2.45, -5308.0])
        >>> round(low, 2), high
        (-2.96, -2.4)
    """
    middle = _middle_half(values)
    if middle is None:
        return None
    low, _, high, far = middle
    if far <= FAR * (high - low):
        return None
    fence = FENCE * (high - low)
    finite = [value for value in values if math.isfinite(value)]
    return max(low - fence, min(finite)), min(high + fence, max(finite))


def bend_axis(axis: dict[str, Any], bend: Bend, values: Sequence[float]) -> dict[str, Any]:
    """Return an axis of plotly with ticks at bent places, and a title that says so.

    Arguments:
        axis: as :func:`ebmbench.report.site.plot.axis` makes it.
        bend: of the axis.
        values: all that are shown.
    """
    finite = [value for value in values if math.isfinite(value)]
    ticks = bend.ticks(min(finite), max(finite))
    return axis | {
        "title": {"text": f"{axis['title']['text']}<br>{BENT}"},
        "tickvals": [round(bend.place(value), 5) for value in ticks],
        "ticktext": [f"{v:,.0f}" if abs(v) >= 1e4 else f"{v:.6g}" for v in ticks],
        "zeroline": False,
    }


def cut_axis(
    axis: dict[str, Any], cut: tuple[float, float], values: Sequence[float]
) -> dict[str, Any]:
    """Return an axis of plotly that ends at a cut, and whose title says what lies beyond.

    Arguments:
        axis: as :func:`ebmbench.report.site.plot.axis` makes it.
        cut: of the axis.
        values: all that there are.
    """
    finite = [value for value in values if math.isfinite(value)]
    low, high = cut
    pad = 0.04 * (high - low)
    beyond = []
    if min(finite) < low:
        beyond.append(f"below {low:.3g}, lowest {min(finite):.4g}")
    if max(finite) > high:
        beyond.append(f"above {high:.3g}, highest {max(finite):.4g}")
    said = f"{axis['title']['text']}<br>cut {' and '.join(beyond)}"
    return axis | {"title": {"text": said}, "range": [low - pad, high + pad]}


def _middle_half(values: Sequence[float]) -> tuple[float, float, float, float] | None:
    """Return both quartiles about the median, and how far the farthest value is from it.

    ``None`` where there are fewer than four finite values, or half of them are the same.
    """
    finite = np.array([value for value in values if math.isfinite(value)])
    if len(finite) < 4:
        return None
    low, centre, high = (float(q) for q in np.quantile(finite, [0.25, 0.5, 0.75]))
    return (low, centre, high, float(np.abs(finite - centre).max())) if high > low else None
