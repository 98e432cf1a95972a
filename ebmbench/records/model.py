"""What the record of one run says."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ebmbench.cards import MethodCard, Preset, Selection, TaskCard
from ebmbench.names import MethodName, Name
from ebmbench.records.curve import Curve

SCHEMA = 1
KNOWN = (1,)
"""Versions of the format that can be read."""

# A record may come from a stranger: what becomes part of a path is no more than a name.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=120)]
MetricName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Seed = Annotated[int, Field(ge=0, lt=1 << 31)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Status(StrEnum):
    """How a run ended."""

    OK = "ok"
    DIVERGED = "diverged"
    """A loss or parameter that is not finite, or scored weights out of every reasonable range
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
    auxiliary_evaluations: float | None = None
    """Rows through networks beside the energy; records of version 0.1 do not have it."""
    evaluation_seconds: float
    selection_seconds: float = 0.0
    """The objective's loss of validation rows at all marks; not part of ``train_seconds``."""
    setup_seconds: float
    data_seconds: float
    other_cores: float | None = None
    """Cores that other processes kept busy during training, on average."""
    resumed: int = 0
    """Times that the training was killed and went on from what was kept of it. Its seconds and
    counts are those of all parts, its memory that of the last."""


def network_passes(energy: float, score: float, hvp: float, auxiliary: float = 0.0) -> float:
    """Return the network passes that evaluations come to, a cost that no machine changes.

    An energy is one pass, a score two (there and back), a Hessian-vector product four. A row
    through a network beside the energy is one, whatever the size of that network.
    """
    return energy + 2 * score + 4 * hvp + auxiliary


class MarkRecord(_Part):
    """One point of the learning curve, at which weights were taken or could have been."""

    step: int
    validation_loss: float | None = None
    """The objective's own, as in :class:`CurvePoint`."""
    validation_log_likelihood: float | None = None
    """Nats per validation row, where it is cheap."""


class SelectionRecord(_Part):
    """Two sets of weights of one run, and a third for information."""

    selected: MarkRecord
    """Of the weights that the metrics are of."""
    last: MarkRecord
    """Of the weights after the last step."""
    by_likelihood: MarkRecord | None = None
    """What the highest validation likelihood would have chosen; for information, nothing uses it.
    ``None`` where the curve has no likelihoods."""
    last_log_likelihood: MetricRecord | None = None
    """Of the test rows under the weights after the last step, as the metric of that name; ``None``
    where those are the selected ones, or where ``log Z`` is too dear."""
    last_out_of_range: str = ""
    """Why the weights after the last step are called diverged although the selected ones are not;
    empty: they are not."""


class LogZRecord(_Part):
    """What the evaluation found ``log Z`` of the trained energy to be, in nats."""

    value: float
    stderr: float
    """Common to all test rows; zero where ``log Z`` is known or by quadrature."""
    lower: float | None = None
    upper: float | None = None
    certified: bool = True
    cpu_seconds: float | None = None
    """What the estimate took; this and what follows only of annealing, and not before 0.2."""
    energy_evaluations: int | None = None
    """Rows of ``x`` that the estimate evaluated."""
    score_evaluations: int | None = None
    hvp_evaluations: int | None = None
    temperatures: int | None = None
    """Of the forward and the reverse chains."""
    effective_size: float | None = None
    """Of the forward chains, in chains; the smaller one of the two laws."""
    gap: float | None = None
    """``log Z`` of the reverse chains less that of the forward chains."""
    law: Literal["gaussian", "mixture"] | None = None
    """Where the chains started."""


class LevelRecord(_Part):
    """One noise level of an energy of many."""

    sigma: float
    """Standard deviation of the noise in the coordinates of training."""
    acceptance: float | None = None
    """Mean acceptance there of the chains that went down the levels for the samples that metrics
    look at; ``None``: none did."""


class RunOutcome(_Part):
    """What a run comes to, as far as it came."""

    status: Status = Status.OK
    message: str = ""
    """Why it is not ``ok``."""
    traceback: str = ""
    metrics: dict[MetricName, MetricRecord] = {}
    curve: Curve = Curve()
    cost: RunCost | None = None
    parameters: int | None = None
    """Number of trained parameters."""
    learned_log_z: float | None = None
    calculus: Literal["", "closed form", "autograd"] = ""
    """How the energy is differentiated in ``x``; empty before there is an energy."""
    coordinates: str = ""
    """Those in which the energy was trained, ``standardised`` or ``whitened``: what the method
    asked for if the energy can take it. Empty for references, and for runs of 0.1, which were
    trained where the rows are."""
    weights: FileName | None = None
    """File name of the safetensors beside this record."""
    log_z: LogZRecord | None = None
    """``None`` in records of 0.1 and where no metric needed it."""
    levels: list[LevelRecord] = []
    """Of an energy of many noise levels, highest first; what is scored is the last one."""
    rows: FileName | None = None
    """File name, beside this record, of the test-row log-densities without ``log Z``: a NumPy file
    with ``-E(x)`` of every test row in order, ``(n,)``, float64."""
    files: dict[FileName, Digest] = {}
    """SHA-256 of every file beside this record by name; empty in records of 0.1."""
    diverged_at: int | None = None
    """The step of the learning curve at which the run left every reasonable range."""
    selection: SelectionRecord | None = None
    """``None`` in records of 0.1, whose weights are those of the last step, of references, and of
    trainings that left no weights."""


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
    selected_by: Selection = "own-loss"
    """Which weights were asked for."""
    contended: bool
    """Whether other jobs or other programs shared the cores while it was timed."""
    task_card: TaskCard
    method_card: MethodCard
    """As used: with the values tuned for the task put in."""
    hashes: dict[str, str]
    """``task_card``, ``method_card``, ``data`` (the rows), ``code`` (this package), and where the
    cards name them, ``source`` (of classes outside this package) and ``files`` (beside a card)."""
    versions: dict[str, str]
    machine: dict[str, str]
    """In words: processor, cores, memory, operating system, matmul path, device, threads."""
    started: str
    """UTC, ISO 8601."""

    @property
    def scored_curve(self) -> Curve:
        """The learning curve up to the step whose weights the metrics are of."""
        if self.selection is None:
            return self.curve
        return self.curve.upto(self.selection.selected.step)


def to_json(record: Record) -> str:
    """Return the record as JSON text with sorted keys and a final newline."""
    # Through pydantic's own JSON, which writes infinities as strings: JSON has no such numbers.
    return json.dumps(json.loads(record.model_dump_json()), indent=1, sort_keys=True) + "\n"
