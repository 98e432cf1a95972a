"""Interactive plots as plain data for plotly: what all of them share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figure = dict[str, Any]
"""``data`` and ``layout`` as plotly.js takes them; the page adds what depends on its theme."""

PALETTE = (
    "#1f77c4", "#d1541a", "#12875a", "#b0489c", "#8a6f00", "#7259d6", "#c4374c", "#5d7789",
)  # fmt: skip
"""At least 3:1 against the light and against the dark background (WCAG 1.4.11)."""
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
DIGITS = 6
"""Significant digits of a plotted number, more than a screen can show."""


WIDE = 1.5
"""Decades from which a logarithmic axis has labels at powers of ten alone."""


@dataclass(frozen=True)
class Plot:
    """One plot, perhaps of several kinds of axes to choose from."""

    name: str
    title: str
    note: str
    variants: Mapping[str, Figure]
    """By what the choice is called."""


@dataclass(frozen=True)
class Style:
    """How a method looks in every plot of a site; never by colour alone."""

    color: str
    dash: str
    symbol: str


def styles(methods: Sequence[str]) -> dict[str, Style]:
    """Return the style of every method; it depends on the names alone, not on their order."""
    return {
        name: Style(
            PALETTE[k % len(PALETTE)],
            DASHES[k // len(PALETTE) % len(DASHES)],
            SYMBOLS[(k + k // len(PALETTE)) % len(SYMBOLS)],
        )
        for k, name in enumerate(sorted(methods))
    }


def axis(
    title: str,
    *,
    log: bool = False,
    reverse: bool = False,
    values: Sequence[float] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return an axis of plotly.

    Arguments:
        title: of the axis.
        log: whether it is logarithmic.
        reverse: whether it runs downwards or to the left.
        values: what is shown; from it a logarithmic axis knows how many labels there is room for.
        more: anything else that plotly takes.
    """
    kind: dict[str, Any] = {"type": "log", "exponentformat": "power"} if log else {}
    shown = [value for value in values if 0 < value < math.inf]
    if log and shown:
        kind["dtick"] = 1 if math.log10(max(shown) / min(shown)) > WIDE else "D2"
    turned = {"autorange": "reversed"} if reverse else {}
    return {"title": {"text": title}, **kind, **turned, **more}


def rounded(values: Sequence[float]) -> list[float | None]:
    """Return numbers cut to :data:`DIGITS`; what is not finite is a gap.

    Example:
        >>> rounded([1 / 3, math.inf])
        [0.333333, None]
    """
    return [float(f"{v:.{DIGITS}g}") if math.isfinite(v) else None for v in values]


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points that no other is below in both coordinates, by the first one.

    Example:
        >>> front([(1.0, 5.0), (2.0, 6.0), (3.0, 1.0)])
        [(1.0, 5.0), (3.0, 1.0)]
    """
    kept: list[tuple[float, float]] = []
    for x, y in sorted(points):
        if not kept or y < kept[-1][1]:
            kept.append((x, y))
    return kept
