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


def tidy_rows(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Yield one row per task, method, seed and metric, with the keys of :data:`COLUMNS`.

    The cost enters as metrics (``train_seconds``, ``step_ms``, ``allocator_peak_bytes``, …). A run
    without metrics gives one row with an empty metric, so that its status is not lost.
    """
    for record in records:
        common = {
            "task": record.task,
            "task_version": record.task_version,
            "method": record.method,
            "method_version": record.method_version,
            "seed": record.seed,
            "preset": record.preset,
            "status": record.status.value,
            "contended": record.contended,
            "run_id": record.run_id,
        }
        metrics = dict(record.metrics) | _cost_metrics(record)
        for name, metric in metrics.items():
            values = {key: getattr(metric, key) for key in _OF_METRICS}
            row = common | values | {"metric": name}
            yield {key: row[key] for key in COLUMNS}
        if not metrics:
            yield {key: common.get(key) for key in COLUMNS}


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


def _cost_metrics(record: Record) -> dict[str, MetricRecord]:
    if record.cost is None:
        return {}
    return {
        name: MetricRecord(value=float(value), unit=unit, higher_is_better=False)
        for name, (field, unit) in _COSTS.items()
        if (value := getattr(record.cost, field)) is not None
    }
