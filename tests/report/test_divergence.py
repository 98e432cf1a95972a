"""What is called diverged: the published failure, made-up curves, and no good run."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench.divergence import LIMIT, dim_of, effective, find_divergence
from ebmbench.records import Curve, CurvePoint, Record, Status, read_records

Make = Callable[..., Record]
RESULTS = Path(__file__).parents[2] / "results"
PACKS = ("2026-11", "2026-11-cost")
IMAGES = {"digits/nice": 64}
"""Dimensions that the cards do not say, so that the limit is as tight as in a run of today."""


def curve(
    *values: float | None, gaps: tuple[float, ...] = (), loss: float = 1.0
) -> list[CurvePoint]:
    """Return a curve at steps 1, 2, 3 …"""
    return [
        CurvePoint(
            step=k + 1,
            seconds=float(k),
            loss=loss,
            log_likelihood=value,
            info={"energy_gap": gaps[k]} if gaps else {},
        )
        for k, value in enumerate(values)
    ]


@pytest.mark.parametrize("pack", PACKS)
def test_of_the_published_runs_the_one_that_ran_away_is_diverged(pack: str) -> None:
    flagged = {}
    for record in read_records(RESULTS / pack):
        dim = dim_of(record.task_card) or IMAGES.get(record.task)
        if (found := find_divergence(record.curve, dim)) is not None:
            flagged[record.task, record.method, record.seed] = found
            assert effective(record).status is Status.DIVERGED
    if pack == "2026-11-cost":
        assert flagged == {}
        return
    (found,) = flagged.values()
    assert list(flagged) == [("2d/rings", "pcd", 0)]
    assert found.step == 1228
    assert "-5308.1 nats" in found.reason
    assert "energy gap is -913.5 nats" in found.reason


@pytest.mark.parametrize(("fall", "flagged"), [(0.99, False), (1.01, True)])
@pytest.mark.parametrize("dim", [1, 2, 784])
def test_the_limit_is_in_nats_per_dimension(dim: int, fall: float, flagged: bool) -> None:
    points = curve(-1.0, -1.0 - fall * LIMIT * dim)
    assert (find_divergence(points, dim) is not None) == flagged


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gap_beyond_the_limit_is_enough_where_no_likelihood_is_known(sign: int) -> None:
    points = curve(None, None, None, gaps=(0.1, sign * 11.0, sign * 40.0))
    found = find_divergence(points, 2)
    assert found is not None
    assert found.step == 2
    assert f"energy gap is {sign * 40.0:.1f}" in found.reason


def test_what_came_back_is_no_divergence_and_the_last_stretch_counts() -> None:
    assert find_divergence(curve(-3.0, -90.0, -2.5), 2) is None
    found = find_divergence(curve(-3.0, -90.0, -2.5, -80.0, -70.0), 2)
    assert found is not None
    assert found.step == 4


def test_a_start_far_from_the_data_is_no_fall() -> None:
    assert find_divergence(curve(-230.0, -90.0, -32.0, gaps=(223.0, 40.0, -0.6)), 50) is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_diverged(bad: float) -> None:
    assert find_divergence(curve(-3.0, bad), 2) is not None
    assert find_divergence(curve(-3.0, None, gaps=(0.0, bad)), 2) is not None
    assert find_divergence(curve(-3.0, loss=bad), 2) is not None


def test_without_a_dimension_only_what_no_task_could_excuse_is_told() -> None:
    assert find_divergence(curve(-1366.0, -5000.0), None) is None
    assert find_divergence(curve(-1366.0, -9000.0), None) is not None
    assert find_divergence([], None) is None


def test_the_view_leaves_the_record_and_its_numbers_as_they_are(make: Make) -> None:
    record = make("2d/rings", "pcd", 0, -5314.8)
    lost = record.model_copy(update={"curve": Curve(curve(-3.5, -5308.0))})
    seen = effective(lost)
    assert lost.status is Status.OK
    assert (seen.status, seen.diverged_at) == (Status.DIVERGED, 2)
    assert seen.metrics == lost.metrics
    assert "5304.5 below its best" in seen.message
    assert effective(record) is record
    failed = lost.model_copy(update={"status": Status.TIMEOUT})
    assert effective(failed) is failed
