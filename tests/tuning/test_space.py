"""The points of a search lie where the card says, and more trials keep the first ones."""

from __future__ import annotations

import math

import pytest

from ebmbench import catalog
from ebmbench.cardtables import SearchRange
from ebmbench.errors import EbmbenchError
from ebmbench.tuning.space import Knob, draw, space_of

BOTH = ["standardised", "whitened"]


def test_a_space_is_the_learning_rate_what_is_common_and_the_methods_own() -> None:
    names = [knob.name for knob in space_of(catalog.methods()["dsm"], BOTH)]
    assert names == ["learning_rate", "weight_decay", "coordinates", "sigma"]
    names = [knob.name for knob in space_of(catalog.methods()["dsm"], ["standardised"])]
    assert names == ["learning_rate", "weight_decay", "sigma"]


@pytest.mark.parametrize("name", [m for m, c in catalog.methods().items() if c.objective])
def test_every_method_can_be_searched(name: str) -> None:
    method = catalog.methods()[name]
    for setting in draw(space_of(method, BOTH), 16, name, "2d"):
        card = setting.applied(method, "2d/rings")
        assert card.name == f"{name}/trial-{setting.number:02d}"
        for knob, value in setting.optimiser.items():
            assert getattr(card.optimiser, knob) == value


def test_points_fill_a_logarithmic_range_evenly() -> None:
    method = catalog.methods()["dsm"]
    settings = draw(space_of(method, BOTH), 17, "dsm", "2d")[1:]
    low, high = 1e-4, 1e-1
    places = sorted(
        int(16 * math.log(s.optimiser["learning_rate"] / low) / math.log(high / low))
        for s in settings
    )
    # Sixteen points of a scrambled net have one in every sixteenth, to the rounding of the value.
    assert len(set(places)) >= 15


def test_more_trials_keep_the_first_ones() -> None:
    knobs = space_of(catalog.methods()["nce"], BOTH)
    assert draw(knobs, 32, "nce", "2d")[:16] == draw(knobs, 16, "nce", "2d")
    assert draw(knobs, 16, "nce", "2d")[1:] != draw(knobs, 16, "nce", "uci")[1:]


def test_a_whole_number_stays_whole() -> None:
    knob = Knob("steps", "hyperparameters", SearchRange(low=1, high=100, log=True), whole=True)
    assert [knob.at(u) for u in (0.0, 0.5, 0.999)] == [1, 10, 100]


def test_a_third_knob_is_refused() -> None:
    method = catalog.methods()["dsm"]
    ranges = {name: SearchRange(low=0.1, high=1.0) for name in ("a", "b", "c")}
    with pytest.raises(EbmbenchError, match="3 knobs besides learning_rate, allowed: at most 2"):
        space_of(method.model_copy(update={"search": ranges}), BOTH)
