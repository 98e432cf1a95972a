"""The pictures of a site: drawn from stored weights, or stored beside a record."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from ebmbench.records import Record
from ebmbench.report.figures.densities import drawable
from ebmbench.report.site.links import slug
from ebmbench.report.site.panels import Panel, image_panels, mixing_panels, plane_panels

STORED = re.compile(r"seed-(\d+)\.(.+)\.png")

Painter = Callable[[Sequence[Record], Path], Mapping[str, Sequence[Panel]]]
PAINTERS: Mapping[str, Painter] = {
    "2d": plane_panels,
    "ica": mixing_panels,
    "image": image_panels,
}


@dataclass(frozen=True)
class Shown:
    """One picture."""

    path: str
    """From the root of the site."""
    title: str


@dataclass(frozen=True)
class Gallery:
    """All pictures of a site."""

    strips: Mapping[str, Mapping[str, Sequence[Shown]]]
    """By task and method; the truth is the empty method."""
    stored: Mapping[tuple[str, str, int], Sequence[Shown]]
    """By task, method and seed: what lay beside the record as ``seed-<k>.<name>.png``."""


def draw_gallery(records: Sequence[Record], out: Path, site: Path) -> Gallery:
    """Draw what stored weights allow, for the first good seed, and copy what runs stored.

    Arguments:
        records: of the output folder.
        out: the output folder, where weights lie beside records.
        site: the root of the site, where pictures go.
    """
    (site / "pictures").mkdir(parents=True, exist_ok=True)
    strips: dict[str, dict[str, list[Shown]]] = defaultdict(dict)
    for family, paint in PAINTERS.items():
        for task, runs in drawable(records, out, family).items():
            for method, panels in paint(runs, out).items():
                strips[task][method] = [_save(panel, task, method, site) for panel in panels]
    return Gallery(dict(strips), _stored(out, site))


def _save(panel: Panel, task: str, method: str, site: Path) -> Shown:
    name = f"pictures/{slug(task)}.{slug(method) or 'truth'}.{slug(panel.name)}.png"
    # An indexed image: a third of the bytes of one with a colour in every pixel.
    share = np.clip((panel.values - panel.low) / (panel.high - panel.low), 0, 1)
    image = Image.fromarray(np.rint(255 * share).astype(np.uint8), "P")
    image.putpalette(_palette(panel.colours).tobytes())
    image.save(site / name)
    return Shown(name, panel.title)


@cache
def _palette(name: str) -> NDArray[np.uint8]:
    shades: NDArray[np.uint8] = colormaps[name](np.arange(256) / 255, bytes=True)[:, :3]
    return np.ascontiguousarray(shades)


def _stored(out: Path, site: Path) -> dict[tuple[str, str, int], list[Shown]]:
    found: dict[tuple[str, str, int], list[Shown]] = defaultdict(list)
    for path in sorted((out / "runs").rglob("seed-*.png")):
        match = STORED.fullmatch(path.name)
        if match is None:
            continue
        folder = path.parent.relative_to(out / "runs")
        task, method, seed = folder.parent.as_posix(), folder.name, int(match[1])
        name = f"pictures/{slug(task)}.{slug(method)}.{seed}.{slug(match[2])}.png"
        shutil.copyfile(path, site / name)
        found[task, method, seed].append(Shown(name, match[2].replace("-", " ")))
    return dict(found)
