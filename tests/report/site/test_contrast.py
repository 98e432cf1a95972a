"""Every pair of colours that meet on a page has the contrast that WCAG 2.2 asks for at AA."""

from __future__ import annotations

import re

import pytest

from ebmbench.report.site.build import ASSETS
from ebmbench.report.site.plot import PALETTE

RULE = re.compile(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")
COLOURS = {m[1]: (m[2], m[3]) for m in RULE.finditer((ASSETS / "site.css").read_text("utf-8"))}
TEXT = [
    *((ink, ground) for ink in ("ink", "quiet", "accent")
      for ground in ("page", "raised", "stripe")),
    *((ink, ground) for ink in ("best", "warn", "bad") for ground in ("raised", "stripe")),
    ("best", "best-wash"), ("warn", "warn-wash"), ("bad", "bad-wash"),
]  # fmt: skip


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text(ink: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[ink][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("colour", PALETTE)
def test_marks_of_plots(colour: str, theme: int) -> None:
    assert contrast(colour, COLOURS["raised"][theme]) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_borders_of_controls(theme: int) -> None:
    assert contrast(COLOURS["border"][theme], COLOURS["raised"][theme]) >= 3
