"""The space that a method is searched in: its own knobs, and those that all methods share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import qmc

from ebmbench.cards import MethodCard
from ebmbench.cardtables import SearchRange
from ebmbench.errors import EbmbenchError
from ebmbench.seeds import derive_seed
from ebmbench.tuning.setting import Setting

OWN_KNOBS = 2
"""Knobs that a method may have besides those that all share: the search is equal for all."""
LEARNING_RATE = SearchRange(low=1e-4, high=1e-1, log=True)
"""Where the card declares no range of its own."""
COMMON = {"weight_decay": SearchRange(choices=[0.0, 1e-4, 1e-3, 1e-2])}
"""Of the optimiser, for every method."""

Place = Literal["hyperparameters", "optimiser", "coordinates"]


@dataclass(frozen=True)
class Knob:
    """One dimension of a space."""

    name: str
    place: Place
    """Which table of the card it belongs to."""
    range: SearchRange
    whole: bool = False
    """Whether only whole numbers are allowed."""

    def at(self, u: float) -> Any:
        """Return the value at the quantile ``u``, 0 ≤ u < 1."""
        choices = self.range.choices
        if choices:
            return choices[min(int(u * len(choices)), len(choices) - 1)]
        low, high = self.range.low, self.range.high
        assert low is not None
        assert high is not None
        if self.range.log:
            value = math.exp(math.log(low) + u * math.log(high / low))
        else:
            value = low + u * (high - low)
        return round(value) if self.whole else float(f"{value:.3g}")


def space_of(method: MethodCard, coordinates: list[str]) -> list[Knob]:
    """Return the knobs of a method: learning rate, the common ones, its own.

    Arguments:
        method: its card; ``[search]`` declares ranges.
        coordinates: those that the energies of the tasks can take; a knob where there are two.

    Raises:
        EbmbenchError: more than :data:`OWN_KNOBS` of its own.
    """
    own = {name: each for name, each in method.search.items() if name != "learning_rate"}
    if len(own) > OWN_KNOBS:
        raise EbmbenchError(
            f"method {method.name!r}, [search]: {len(own)} knobs besides learning_rate, "
            f"allowed: at most {OWN_KNOBS}, so that equal trials are equal for all"
        )
    knobs = [
        Knob("learning_rate", "optimiser", method.search.get("learning_rate", LEARNING_RATE)),
        *(Knob(name, "optimiser", each) for name, each in COMMON.items()),
    ]
    if len(coordinates) > 1:
        knobs.append(Knob("coordinates", "coordinates", SearchRange(choices=coordinates)))
    for name, each in own.items():
        whole = isinstance(method.hyperparameters.get(name), int)
        knobs.append(Knob(name, "hyperparameters", each, whole))
    return knobs


def draw(knobs: list[Knob], trials: int, method: str, family: str) -> list[Setting]:
    """Return the settings of a search: the card as it stands, then scrambled Sobol points.

    Arguments:
        knobs: from :func:`space_of`.
        trials: how many settings in all; the first ``n`` of more are the same.
        method: whose search it is; with ``family`` it seeds the scrambling.
        family: of the tasks.
    """
    count = trials - 1
    seed = derive_seed("tune", family, method) % 2**32
    sobol = qmc.Sobol(len(knobs), scramble=True, rng=np.random.default_rng(seed))
    points = sobol.random_base2(max(1, math.ceil(math.log2(max(count, 1)))))[:count]
    settings = [Setting(0)]
    for number, point in enumerate(points, start=1):
        places: dict[Place, dict[str, Any]] = {
            "hyperparameters": {}, "optimiser": {}, "coordinates": {},
        }  # fmt: skip
        for knob, u in zip(knobs, point, strict=True):
            places[knob.place][knob.name] = knob.at(float(u))
        settings.append(
            Setting(
                number,
                places["hyperparameters"],
                places["optimiser"],
                places["coordinates"].get("coordinates"),
            )
        )
    return settings
