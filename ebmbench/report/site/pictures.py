"""The pictures of a site: drawn from stored weights, or stored beside a record."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image

from ebmbench.records import NAMED, Record, files_beside
from ebmbench.report.figures.at_hand import drawn
from ebmbench.report.figures.densities import drawable
from ebmbench.report.site.links import slug
from ebmbench.report.site.panels import Panel, image_panels, mixing_panels, plane_panels

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
            painted = drawn(partial(paint, runs, out), runs[0], out) or {}
            for method, panels in painted.items():
                strips[task][method] = [_save(panel, task, method, site) for panel in panels]
    return Gallery(dict(strips), _stored(records, out, site))


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


def _stored(
    records: Sequence[Record], out: Path, site: Path
) -> dict[tuple[str, str, int], list[Shown]]:
    found: dict[tuple[str, str, int], list[Shown]] = defaultdict(list)
    for record in records:
        key = record.task, record.method, record.seed
        for path in files_beside(record, out):
            match = NAMED.fullmatch(path.name)
            if match is None or path.suffix != ".png":
                continue
            stem = match[2].removesuffix(".png")
            copy = f"pictures/{slug(record.task)}.{slug(record.method)}.{key[2]}.{slug(stem)}.png"
            shutil.copyfile(path, site / copy)
            found[key].append(Shown(copy, stem.replace("-", " ")))
    return dict(found)
