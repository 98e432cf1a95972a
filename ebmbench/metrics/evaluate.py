"""Running the metrics of a task on one trained energy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import cast

import torch

from ebmbench.errors import EbmbenchError, first_line
from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.registration import Metric


def evaluate(
    evaluation: Evaluation,
    metrics: Iterable[Metric],
    done: Callable[[Metric, Measurement | None], None] = lambda metric, found: None,
) -> dict[str, Measurement]:
    """Return the measurements by name; metrics without meaning for the task are left out.

    Work that several metrics need is done once and kept in ``evaluation.memo``. A number that is
    not finite is refused, and so is one whose function fails: it takes no other with it.

    Arguments:
        evaluation: what is measured.
        metrics: by what.
        done: called with each metric and what it gave.

    Raises:
        EbmbenchError: a metric that the task's card makes impossible.
    """
    found: dict[str, Measurement] = {}
    for metric in metrics:
        measurement = _measured(metric, evaluation)
        if measurement is not None:
            measurement = found[metric.name] = _finite_or_refused(measurement)
        done(metric, measurement)
    return found


def _measured(metric: Metric, evaluation: Evaluation) -> Measurement | None:
    try:
        measurement = cast(object, metric(evaluation))
    except (EbmbenchError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        words = first_line(error, "no message")
        return Measurement(math.nan, note=f"{type(error).__name__}: {words}")
    if measurement is not None and not isinstance(measurement, Measurement):
        note = (
            f"the metric returned a {type(measurement).__name__}, allowed: a Measurement or None"
        )
        return Measurement(math.nan, note=note)
    return measurement


def _finite_or_refused(measurement: Measurement) -> Measurement:
    if math.isfinite(measurement.value):
        return measurement
    note = f"refused: the value is {measurement.value}"
    if measurement.note:
        note += f"; {measurement.note}"
    return replace(measurement, certified=False, note=note)
