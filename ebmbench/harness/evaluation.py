"""The numbers of a trained energy, as a record keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from torch import Tensor

from ebmbench.cards import TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.energies.own_sampler import OwnSampler
from ebmbench.harness.build import make_evaluation
from ebmbench.harness.job import Job
from ebmbench.harness.sample_images import sample_sheet
from ebmbench.metrics.base import Evaluation
from ebmbench.metrics.evaluate import evaluate
from ebmbench.metrics.held_out import test_log_density
from ebmbench.metrics.levels import OF_LEVELS
from ebmbench.metrics.log_partition import levels_of, log_z_of
from ebmbench.metrics.model_samples import samples_of
from ebmbench.metrics.registry import find_metrics
from ebmbench.partition.sampling import Samples
from ebmbench.records import LevelRecord, LogZRecord, MetricRecord, SelectionRecord

ANNEALED_DIM = 16
"""Coordinates up to which ``log Z`` of the last step's weights too is found by annealing, but not
under ``smoke``: it takes as long as that of the selected ones, seconds at ``standard``."""
HEADLINE = "log_likelihood"
IMAGES: dict[str, bool] = {"smoke": False, "standard": True, "full": True}
"""Whether a sheet of samples is drawn under each preset."""
COUNTS = ("energies", "scores", "hvps", "temperatures")
"""Diagnostics of annealing that are whole numbers."""


@dataclass(frozen=True)
class Evaluated:
    """What the evaluation of a run comes to."""

    metrics: dict[str, MetricRecord]
    log_z: LogZRecord | None
    """``None`` where no metric needed it."""
    rows: Tensor
    """``-E(x)`` of every test row, ``(n,)``, float64."""
    last_log_likelihood: MetricRecord | None
    """Of the weights after the last step; ``None`` where there are no others or it is dear."""
    levels: list[LevelRecord]
    """Of an energy of many noise levels."""
    image: bytes | None
    """A sheet of model samples as PNG, of tasks whose rows are images."""


def evaluate_job(
    job: Job,
    energy: Energy,
    dataset: Dataset,
    *,
    learned_log_z: float | None,
    own_sampler: OwnSampler | None = None,
    last: Energy | None = None,
) -> Evaluated:
    """Compute the metrics of a job's task on its trained energy.

    Arguments:
        job: what was run.
        energy: the model.
        dataset: the rows.
        learned_log_z: what the objective learned, if it did.
        own_sampler: what the method brings to draw from the model, if it does.
        last: with the weights after the last step, where those are others.
    """
    evaluation = make_evaluation(
        job.task,
        energy,
        dataset,
        seed=job.seed,
        preset=job.preset,
        learned_log_z=learned_log_z,
        own_sampler=own_sampler,
    )
    named = job.task.metrics.names
    if levels_of(evaluation) is not None:
        # An energy of many levels is measured as one too, whatever the task names.
        named = [*named, *(name for name in OF_LEVELS if name not in named)]
    metrics = measure(evaluation, _naming(job.task, named))
    image = None
    if not _searching(job) and dataset.image_shape is not None and IMAGES[job.preset]:
        image = sample_sheet(samples_of(evaluation).x, dataset.image_shape)
    return Evaluated(
        metrics,
        _log_z(evaluation),
        test_log_density(evaluation),
        None if last is None else _last_log_likelihood(job, last, dataset),
        _levels(evaluation),
        image,
    )


def with_last(
    selection: SelectionRecord | None, found: MetricRecord | None
) -> SelectionRecord | None:
    """Return what a record says of its sets of weights, with the likelihood of the last step's."""
    if selection is None:
        return None
    return selection.model_copy(update={"last_log_likelihood": found})


def _last_log_likelihood(job: Job, energy: Energy, dataset: Dataset) -> MetricRecord | None:
    """Return the test log-likelihood of the last step's weights, where ``log Z`` is not dear."""
    cheap = energy.log_z() is not None or job.task.metrics.log_z != "ais"
    if not cheap and (job.preset == "smoke" or energy.dim > ANNEALED_DIM or _searching(job)):
        return None
    evaluation = make_evaluation(
        job.task, energy, dataset, seed=job.seed, preset=job.preset, learned_log_z=None
    )
    return measure(evaluation, _naming(job.task, [HEADLINE])).get(HEADLINE)


def _searching(job: Job) -> bool:
    """Return whether a job is measured on validation rows, for a choice and not for a table."""
    return job.task.data.held_out == "validation"


def _naming(task: TaskCard, names: list[str]) -> TaskCard:
    """Return a task with other metrics."""
    metrics = task.metrics.model_copy(update={"names": names})
    return task.model_copy(update={"metrics": metrics})


def measure(evaluation: Evaluation, task: TaskCard) -> dict[str, MetricRecord]:
    """Return the metrics that a task names, with unit and direction."""
    metrics = find_metrics(task.metrics.names, task.folder)
    measured = evaluate(evaluation, metrics)
    return {
        metric.name: MetricRecord(
            **vars(measured[metric.name]),
            unit=metric.unit,
            higher_is_better=metric.higher_is_better,
        )
        for metric in metrics
        if metric.name in measured
    }


def _levels(evaluation: Evaluation) -> list[LevelRecord]:
    found = levels_of(evaluation)
    if found is None:
        return []
    sigmas = found[0].levels.tolist()
    drawn = evaluation.memo.get("samples")
    accepted: tuple[float, ...] = drawn.acceptance if isinstance(drawn, Samples) else ()
    return [
        LevelRecord(sigma=sigma, acceptance=each)
        for sigma, each in zip_longest(sigmas, accepted[: len(sigmas)])
    ]


def _log_z(evaluation: Evaluation) -> LogZRecord | None:
    if "log_z" not in evaluation.memo:
        return None
    found = log_z_of(evaluation)
    numbers = found.diagnostics
    count = {name: int(numbers[name]) for name in COUNTS if name in numbers}
    both = {"forward", "reverse"} <= numbers.keys()
    return LogZRecord(
        value=found.log_z,
        stderr=found.stderr,
        lower=found.lower,
        upper=found.upper,
        certified=found.certified,
        cpu_seconds=found.cpu_seconds,
        energy_evaluations=count.get("energies"),
        score_evaluations=count.get("scores"),
        hvp_evaluations=count.get("hvps"),
        temperatures=count.get("temperatures"),
        effective_size=numbers.get("ess"),
        gap=numbers["reverse"] - numbers["forward"] if both else None,
        law=found.law,
    )
