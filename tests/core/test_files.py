"""No file holds two ideas: a limit for each, and for the one in the middle."""

import statistics
from pathlib import Path

import ebmbench

LINES = {
    path: len(path.read_text(encoding="utf-8").splitlines())
    for path in Path(ebmbench.__file__).parent.rglob("*.py")
}


def test_no_file_is_above_300_lines() -> None:
    assert {str(path): n for path, n in LINES.items() if n > 300} == {}


def test_the_median_file_is_below_120_lines() -> None:
    assert statistics.median(LINES.values()) < 120
