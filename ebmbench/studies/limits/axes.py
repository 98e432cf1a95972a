"""The axes: what gets harder, at which levels, and what theory says of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ebmbench import catalog
from ebmbench.cards import TaskCard, changed_card
from ebmbench.datasets.limits import WEIGHTS

PLANE, HIGHER = "2d/rings", "known/mixture-8"
"""The tasks whose network, budget and metrics the axes take over."""
RINGS = {"name": "rings"}


@dataclass(frozen=True)
class Axis:
    """One difficulty."""

    name: str
    title: str
    words: str
    """What changes from level to level, and what theory expects; Markdown."""
    unit: str
    """What a level is, on the axis of the picture."""
    levels: tuple[float, ...]
    """From easy to hard."""
    data: Callable[[float], dict[str, Any]]
    """From a level to what changes in the card's table ``[data]``."""
    base: str = PLANE
    setting: str = ""
    """Of methods, that is the level in place of anything in the data."""
    predicted: Callable[[float], float] | None = None
    """Nats that theory expects to be lost, from a level."""
    prediction: str = ""
    """What the prediction is of, for the picture."""
    lost: float | None = None
    """Nats with whose loss an objective is broken; ``None``: half of the Gaussian's gap."""


def _limit(axis: str) -> Callable[[float], dict[str, Any]]:
    return lambda level: {"loader": "limit", "options": {"axis": axis, "level": level}}


def _outliers(share: float) -> dict[str, Any]:
    if not share:
        return {"loader": "density", "options": RINGS}
    inner = {"loader": "density", "options": RINGS, "share": share, "scale": 5.0}
    return {"loader": "contaminated", "options": inner}


EQUAL_WEIGHTS = sum(weight * math.log(len(WEIGHTS) * weight) for weight in WEIGHTS)
"""Nats that equal weights of the two modes cost, when these are far apart."""


AXES: Mapping[str, Axis] = {
    axis.name: axis
    for axis in (
        Axis(
            "separation",
            "Modes move apart",
            "Two round Gaussians of weights 0.8 and 0.2. Scores are the same for all weights but "
            "between the modes, where there are no rows: score matching cannot see them (Wenliang "
            "and Kanagawa 2020; Song and Kingma 2021, Sect. 4.4), and chains do not cross. To "
            "lose half of what equal weights cost is to break.",
            "distance of the modes in standard deviations",
            (3.0, 4.5, 6.0, 9.0, 12.0),
            _limit("separation"),
            predicted=lambda _: EQUAL_WEIGHTS,
            prediction="equal weights",
            # Far apart, the gap is ever wider and the weights are ever less of it.
            lost=EQUAL_WEIGHTS / 2,
        ),
        Axis(
            "dimension",
            "Coordinates are added",
            "Forty Gaussians of weights from 1 to 4. The fitted Gaussian is ever further from the "
            "rows: noise-contrastive estimation separates both perfectly, and learns nothing "
            "(Rhodes, Xu and Gutmann 2020); traces and chains cost more.",
            "coordinates",
            (2.0, 4.0, 8.0, 16.0, 32.0),
            lambda level: {"loader": "known", "options": {"name": "mixture", "dim": int(level)}},
            base=HIGHER,
        ),
        Axis(
            "condition",
            "Components get ill-conditioned",
            "Two Gaussians at a right angle, so that no linear map of the plane mends it. Chains "
            "need steps of the narrow direction and a number of them that grows with the "
            "condition number; noise of one size hides the narrow direction.",
            "condition number of a component's covariance",
            (1.5, 10.0, 100.0, 1000.0),
            _limit("condition"),
        ),
        Axis(
            "samples",
            "Rows get few",
            "The four rings from ever fewer training rows, the same steps. What is lost is "
            "over-fitting, as far as the selection by validation loss does not stop it.",
            "training rows",
            (50_000.0, 5_000.0, 1_500.0, 500.0, 150.0, 50.0),
            lambda level: {
                "loader": "density",
                "options": RINGS,
                "train": int(level),
                "validation": max(int(level) // 4, 20),
            },
        ),
        Axis(
            "sharpness",
            "The support gets thin",
            "A circle of radius 2 with ever less noise around it. Scores grow as one over its "
            "standard deviation, and denoising at a fixed noise learns a thicker ring.",
            "standard deviation of the noise around the circle",
            (0.5, 0.2, 0.1, 0.05, 0.02),
            _limit("sharpness"),
        ),
        Axis(
            "outliers",
            "Outliers come in",
            "The four rings with a share of training and validation rows from a Gaussian five "
            "times as wide; test rows are clean. A consistent estimator learns the contaminated "
            "law and loses at most minus the logarithm of the clean share.",
            "share of outliers",
            (0.0, 0.01, 0.03, 0.1, 0.3),
            _outliers,
            predicted=lambda share: -math.log1p(-share),
            prediction="contaminated law",
        ),
        Axis(
            "noise",
            "The noise gets wide",
            "The four rings against a Gaussian that is so many times as wide as the fitted one. "
            "Estimators that tell rows from noise lose precision as the noise leaves the rows "
            "(Gutmann and Hyvärinen 2012); only methods that have such a noise take part.",
            "noise deviations over those of the rows",
            (1.0, 2.0, 4.0, 8.0, 16.0),
            lambda level: {"loader": "density", "options": RINGS},
            setting="inflation",
        ),
    )
}


def task_at(axis: Axis, level: float) -> TaskCard:
    """Return the task at a level of an axis; where methods change, one and the same."""
    base = catalog.tasks()[axis.base]
    place = 0 if axis.setting else axis.levels.index(level)
    family = axis.base.partition("/")[0]
    title = axis.title if axis.setting else f"{axis.title}: {axis.unit} {level:g}"
    update = {
        # In the family of the base, so that settings that were tuned for it hold.
        "name": f"{family}/limit-{axis.name}-{place}",
        "title": title,
        # Not the words of the page: a run would be another one with every comma of them.
        "summary": f"Level {place} of the axis {axis.name!r} of `ebmbench study limits`.",
        "data": base.data.model_dump() | axis.data(level),
        "metrics": base.metrics.model_dump() | {"names": ["log_likelihood", "regret"]},
    }
    return changed_card(base, update, f"study limits, {axis.name} {level:g}")
