"""The tidy table derived from records."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TextIO

from ebmbench.records.model import MetricRecord, Record

COLUMNS = [
    "task",
    "task_version",
    "method",
    "method_version",
    "seed",
    "preset",
    "status",
    "metric",
    "value",
    "stderr",
    "lower",
    "upper",
    "certified",
    "unit",
    "higher_is_better",
    "contended",
    "run_id",
]

_OF_METRICS = [key for key in COLUMNS if key in MetricRecord.model_fields]
_NOTHING = (None,) * (1 + len(_OF_METRICS))


def tidy_rows(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Yield one row per task, method, seed and metric, with the keys of :data:`COLUMNS`.

    The cost enters as metrics (``train_seconds``, ``step_ms``, ``allocator_peak_bytes``, …). A run
    without metrics gives one row with an empty metric, so that its status is not lost.
    """
    for record in records:
        before = (
            record.task, record.task_version, record.method, record.method_version, record.seed,
            record.preset, record.status.value,
        )  # fmt: skip
        after = record.contended, record.run_id
        cells = _cells(record)
        for cell in cells:
            yield dict(zip(COLUMNS, (*before, *cell, *after), strict=True))
        if not cells:
            yield dict(zip(COLUMNS, (*before, *_NOTHING, *after), strict=True))


def results_csv(records: Iterable[Record]) -> str:
    """Return the tidy table as CSV text, the content of ``results.csv``."""
    text = io.StringIO()
    write_tidy(records, text)
    return text.getvalue()


def write_tidy(records: Iterable[Record], file: TextIO) -> None:
    """Write the tidy table as CSV, a row at a time: it may be larger than all other tables."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.values() for row in tidy_rows(records))


Unit = Literal["s", "ms", "bytes", "evaluations"]
_COSTS: dict[str, tuple[str, Unit]] = {
    "train_seconds": ("train_seconds", "s"),
    "step_ms": ("step_ms_median", "ms"),
    "allocator_peak_bytes": ("allocator_peak_bytes", "bytes"),
    "process_peak_bytes": ("process_peak_bytes", "bytes"),
    "energy_evaluations": ("energy_evaluations", "evaluations"),
    "score_evaluations": ("score_evaluations", "evaluations"),
    "hvp_evaluations": ("hvp_evaluations", "evaluations"),
    "auxiliary_evaluations": ("auxiliary_evaluations", "evaluations"),
    "evaluation_seconds": ("evaluation_seconds", "s"),
}


def _cells(record: Record) -> list[tuple[Any, ...]]:
    """Return what stands from ``metric`` to ``higher_is_better``, by metric."""
    found = [(name, *map(vars(one).get, _OF_METRICS)) for name, one in record.metrics.items()]
    if record.cost is not None:
        costs = vars(record.cost)
        found += [
            (name, float(costs[field]), None, None, None, True, unit, False)
            for name, (field, unit) in _COSTS.items()
            if costs[field] is not None
        ]
    return found
