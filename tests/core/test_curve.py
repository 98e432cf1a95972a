"""Learning curves as tables of numbers."""

from __future__ import annotations

import json
import math
import pickle

import pytest
from pydantic import BaseModel

from ebmbench.records import Curve, CurvePoint

POINTS = [
    CurvePoint(step=1, seconds=0.5, loss=2.0, validation_loss=1.5, info={"acceptance": 0.7}),
    CurvePoint(step=10, seconds=1.0, loss=math.inf, log_likelihood=-2.5),
    CurvePoint(step=2**40, seconds=9.0, loss=-1.0, info={"step": 3.0, "acceptance": 0.1}),
]


class Holder(BaseModel):
    curve: Curve = Curve()


def test_points_come_back_as_they_were() -> None:
    curve = Curve(POINTS)
    assert list(curve) == POINTS
    assert curve == POINTS
    assert (curve[-1], curve[0:2]) == (POINTS[-1], POINTS[:2])
    with pytest.raises(IndexError):
        curve[3]
    assert pickle.loads(pickle.dumps(curve)) == curve
    assert len(Curve()) == 0
    assert Curve() == []


def test_columns() -> None:
    curve = Curve(POINTS)
    assert curve.steps == [1, 10, 2**40]
    assert curve.log_likelihoods == [None, -2.5, None]
    assert curve.info("acceptance") == [0.7, None, 0.1]
    assert curve.info("absent") == [None] * 3


@pytest.mark.parametrize(("step", "count"), [(0, 0), (1, 1), (9, 1), (10, 2), (2**41, 3)])
def test_a_part_ends_with_its_step(step: int, count: int) -> None:
    assert Curve(POINTS).upto(step) == POINTS[:count]


def test_a_loss_that_is_no_number_is_there() -> None:
    (point,) = Curve([CurvePoint(step=1, seconds=0.0, loss=math.nan, log_likelihood=math.nan)])
    assert math.isnan(point.loss)
    assert point.log_likelihood is not None
    assert math.isnan(point.log_likelihood)


def test_a_curve_is_read_and_written_as_a_list_of_points() -> None:
    as_points = [point.model_dump() for point in POINTS]
    assert Holder.model_validate({"curve": as_points}).curve == POINTS
    assert Holder(curve=Curve(POINTS)).model_dump() == {"curve": as_points}
    text = Holder(curve=Curve(POINTS)).model_dump_json()
    assert json.loads(text)["curve"][1]["loss"] == "Infinity"
    assert Holder.model_validate_json(text).curve == POINTS
    with pytest.raises(ValueError, match=r"curve\.0\.loss"):
        Holder.model_validate({"curve": [{"step": 1, "seconds": 0.0, "loss": "much"}]})
