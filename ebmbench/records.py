"""The record of one run, and the tidy table derived from records.

A record is one JSON file that stands alone: what was asked, what came out, what it cost, and
everything needed to do it again. The leaderboard is a pure function of these files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ebmbench.cards import MethodCard, Preset, TaskCard
from ebmbench.errors import EbmbenchError
from ebmbench.options import explain

SCHEMA = 1


class Status(StrEnum):
    """How a run ended."""

    OK = "ok"
    DIVERGED = "diverged"
    """A non-finite loss or parameter."""
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    FAILED = "failed"
    SKIPPED = "skipped"
    """The method cannot do the task, or the data is not there; the message says which."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="strings")


class MetricRecord(_Part):
    """A :class:`ebmbench.metrics.Measurement` with its unit and direction."""

    value: float
    stderr: float | None = None
    lower: float | None = None
    upper: float | None = None
    point: float | None = None
    point_stderr: float | None = None
    certified: bool = True
    note: str = ""
    unit: str
    higher_is_better: bool


class RunCost(_Part):
    """What training took; data, evaluation and logging are not in it."""

    train_seconds: float
    steps: int
    step_ms_median: float
    step_ms_iqr: float
    allocator_peak_bytes: int | None = None
    """Peak of the tensor allocator above the state before training, over extra untimed steps."""
    process_peak_bytes: int | None = None
    """Peak resident memory above the baseline after import and warm-up."""
    energy_evaluations: float
    """Counted, per training example and step."""
    score_evaluations: float
    hvp_evaluations: float
    evaluation_seconds: float
    setup_seconds: float
    data_seconds: float
    other_cores: float | None = None
    """Cores that other processes kept busy during training, on average."""


def network_passes(energy: float, score: float, hvp: float) -> float:
    """Return the network passes that evaluations come to, a cost that no machine changes.

    An energy is one pass, a score two (there and back), a Hessian-vector product four.
    """
    return energy + 2 * score + 4 * hvp


class CurvePoint(_Part):
    """One point of the learning curve."""

    step: int
    seconds: float
    """Training seconds so far."""
    loss: float
    """Mean training loss since the last point."""
    log_likelihood: float | None = None
    """Of validation rows in nats, where it is cheap (exact ``log Z`` or quadrature)."""
    info: dict[str, float] = {}


class LogZRecord(_Part):
    """What the evaluation found ``log Z`` of the trained energy to be, in nats."""

    value: float
    stderr: float
    """Common to all test rows; zero where ``log Z`` is known or by quadrature."""
    lower: float | None = None
    upper: float | None = None
    certified: bool = True


class RunOutcome(_Part):
    """What a run comes to, as far as it came."""

    status: Status = Status.OK
    message: str = ""
    """Why it is not ``ok``."""
    traceback: str = ""
    metrics: dict[str, MetricRecord] = {}
    curve: list[CurvePoint] = []
    cost: RunCost | None = None
    parameters: int | None = None
    """Number of trained parameters."""
    learned_log_z: float | None = None
    calculus: Literal["", "closed form", "autograd"] = ""
    """How the energy is differentiated in ``x``; empty before there is an energy."""
    weights: str | None = None
    """File name of the safetensors beside this record."""
    log_z: LogZRecord | None = None
    """``None`` in records of 0.1 and where no metric needed it."""
    rows: str | None = None
    """File name, beside this record, of the test-row log-densities without ``log Z``: a NumPy file
    with ``-E(x)`` of every test row in order, ``(n,)``, float64."""
    diverged_at: int | None = None
    """The step of the learning curve at which the run left every reasonable range."""


class Record(RunOutcome):
    """One run."""

    schema_version: int = SCHEMA
    run_id: str
    """Hash of what was asked."""
    task: str
    task_version: int
    method: str
    method_version: int
    seed: int
    preset: Preset
    status: Status
    contended: bool
    """Whether other jobs or other programs shared the cores while it was timed."""
    task_card: TaskCard
    method_card: MethodCard
    """As used: with the values tuned for the task put in."""
    hashes: dict[str, str]
    """``task_card``, ``method_card``, ``data``, ``code``."""
    versions: dict[str, str]
    machine: dict[str, str]
    """In words: processor, cores, memory, operating system, matmul path, device, threads."""
    started: str
    """UTC, ISO 8601."""


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


def record_path(out: Path, task: str, method: str, seed: int) -> Path:
    """Return where the record of one run lies under the output folder."""
    return out / "runs" / task / method / f"seed-{seed}.json"


def read_record(path: Path) -> Record:
    """Read and validate one record.

    Raises:
        EbmbenchError: the file cannot be read or is not a valid record.
    """
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EbmbenchError(f"record {str(path)!r} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise EbmbenchError(f"record {str(path)!r} is not valid: {explain(error)}") from None


def read_records(out: Path) -> list[Record]:
    """Return all records under an output folder, in the order of task, method and seed.

    Raises:
        EbmbenchError: the folder is missing or holds no record, or a record is not valid.
    """
    if not out.is_dir():
        raise EbmbenchError(f"output folder {str(out)!r} does not exist")
    records = [read_record(path) for path in sorted((out / "runs").rglob("seed-*.json"))]
    if not records:
        raise EbmbenchError(f"output folder {str(out)!r} holds no record under runs/")
    return sorted(records, key=lambda record: (record.task, record.method, record.seed))


def tidy_rows(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Return one row per task, method, seed and metric, with the keys of :data:`COLUMNS`.

    The cost enters as metrics (``train_seconds``, ``step_ms``, ``allocator_peak_bytes``, …). A run
    without metrics gives one row with an empty metric, so that its status is not lost.
    """
    rows: list[dict[str, Any]] = []
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
            values = metric.model_dump(exclude={"note"})
            rows.append({key: (common | values | {"metric": name})[key] for key in COLUMNS})
        if not metrics:
            rows.append({key: common.get(key) for key in COLUMNS})
    return rows


def results_csv(records: Iterable[Record]) -> str:
    """Return the tidy table as CSV text, the content of ``results.csv``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(tidy_rows(records))
    return text.getvalue()


Unit = Literal["s", "ms", "bytes", "evaluations"]
_COSTS: dict[str, tuple[str, Unit]] = {
    "train_seconds": ("train_seconds", "s"),
    "step_ms": ("step_ms_median", "ms"),
    "allocator_peak_bytes": ("allocator_peak_bytes", "bytes"),
    "process_peak_bytes": ("process_peak_bytes", "bytes"),
    "energy_evaluations": ("energy_evaluations", "evaluations"),
    "score_evaluations": ("score_evaluations", "evaluations"),
    "hvp_evaluations": ("hvp_evaluations", "evaluations"),
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


def to_json(record: Record) -> str:
    """Return the record as JSON text with sorted keys and a final newline."""
    # Through pydantic's own JSON, which writes infinities as strings: JSON has no such numbers.
    return json.dumps(json.loads(record.model_dump_json()), indent=1, sort_keys=True) + "\n"
