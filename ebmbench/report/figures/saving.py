"""Saving pictures."""

from __future__ import annotations

from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure


def save(figure: Figure, path: Path, dpi: int) -> None:
    """Write a picture in the format of the path's suffix; the same figure gives the same bytes.

    Arguments:
        figure: what to write.
        path: ends with ``.png``, ``.pdf`` or ``.svg``; its folder is made.
        dpi: dots per inch.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # By default a date, and in SVG names drawn at random, make every file another one.
    undated = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
    with rc_context({"svg.hashsalt": "ebmbench"}):
        figure.savefig(path, dpi=dpi, metadata=undated.get(path.suffix))
