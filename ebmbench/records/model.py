"""What the record of one run says."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ebmbench.cards import MethodCard, Preset, TaskCard
from ebmbench.names import MethodName, Name

SCHEMA = 1

# A record may come from a stranger: what becomes part of a path is no more than a name.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Seed = Annotated[int, Field(ge=0)]


class Status(StrEnum):
    """How a run ended."""

    OK = "ok"
    DIVERGED = "diverged"
    """A loss or parameter that is not finite, or an end out of every reasonable range
    (:mod:`ebmbench.divergence`); in the latter case there are weights and metrics."""
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
    weights: FileName | None = None
    """File name of the safetensors beside this record."""
    log_z: LogZRecord | None = None
    """``None`` in records of 0.1 and where no metric needed it."""
    rows: FileName | None = None
    """File name, beside this record, of the test-row log-densities without ``log Z``: a NumPy file
    with ``-E(x)`` of every test row in order, ``(n,)``, float64."""
    diverged_at: int | None = None
    """The step of the learning curve at which the run left every reasonable range."""


class Record(RunOutcome):
    """One run."""

    schema_version: int = SCHEMA
    run_id: str
    """Hash of what was asked."""
    task: Name
    task_version: int
    method: MethodName
    method_version: int
    seed: Seed
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


def to_json(record: Record) -> str:
    """Return the record as JSON text with sorted keys and a final newline."""
    # Through pydantic's own JSON, which writes infinities as strings: JSON has no such numbers.
    return json.dumps(json.loads(record.model_dump_json()), indent=1, sort_keys=True) + "\n"
