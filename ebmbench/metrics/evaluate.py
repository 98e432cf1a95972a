"""Running the metrics of a task on one trained energy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from ebmbench.metrics.base import Evaluation, Measurement, Metric
from ebmbench.registry import METRICS


def evaluate(evaluation: Evaluation, names: Iterable[str]) -> dict[str, Measurement]:
    """Return the measurements by name; metrics without meaning for the task are left out.

    Work that several metrics need is done once and kept in ``evaluation.memo``. A number that is
    not finite is refused.

    Raises:
        EbmbenchError: an unknown metric, or one that the task's card makes impossible.
    """
    found: dict[str, Measurement] = {}
    for name in names:
        metric: Metric = METRICS.get(name)
        measurement = metric(evaluation)
        if measurement is not None:
            found[name] = _finite_or_refused(measurement)
    return found


def _finite_or_refused(measurement: Measurement) -> Measurement:
    if math.isfinite(measurement.value):
        return measurement
    note = f"refused: the value is {measurement.value}"
    if measurement.note:
        note += f"; {measurement.note}"
    return replace(measurement, certified=False, note=note)
