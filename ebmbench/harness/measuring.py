"""Measuring one model and telling how far it is, for Python and for ``ebmbench score``."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ebmbench.cards import Preset, TaskCard
from ebmbench.datasets.base import Dataset
from ebmbench.energies.base import Energy
from ebmbench.harness.build import make_evaluation
from ebmbench.harness.progress import Reporter
from ebmbench.harness.wrapping import refuse_values, refuse_width
from ebmbench.metrics.base import Evaluation, Measurement
from ebmbench.metrics.evaluate import evaluate
from ebmbench.metrics.held_out import test_log_density
from ebmbench.metrics.log_partition import log_z_of
from ebmbench.metrics.measurements import Measurements
from ebmbench.metrics.model_samples import samples_of
from ebmbench.metrics.registration import Metric

HOW = {
    "ais": "log Z, by annealing, takes longest",
    "quadrature": "log Z is by quadrature",
    "exact": "log Z is known",
}


def measure(
    energy: Energy,
    dataset: Dataset,
    card: TaskCard,
    metrics: Sequence[Metric],
    *,
    seed: int,
    preset: Preset,
    learned_log_z: float | None,
    reporter: Reporter,
) -> Measurements:
    """Compute metrics of a model, which is changed: a copy is handed in.

    Arguments:
        energy: the model.
        dataset: the rows; test rows are scored.
        card: says how ``log Z`` is found, and its tolerance.
        metrics: what is measured; those without a meaning are left out.
        seed: of the evaluation's randomness.
        preset: how much work the estimators may do.
        learned_log_z: what the objective learned, if it did.
        reporter: told of the beginning and of each number.

    Raises:
        EbmbenchError: rows of another width than the model's points, or a model that is not finite
            on the test rows.
    """
    refuse_width(energy, dataset.test)
    evaluation = make_evaluation(
        card, energy, dataset, seed=seed, preset=preset, learned_log_z=learned_log_z
    )
    refuse_values(evaluation.energy, dataset.test, "test")
    n, dim = dataset.test.shape
    how = HOW["exact" if energy.log_z() is not None else card.metrics.log_z]
    reporter.note(f"{len(metrics)} metrics of {n} test rows and {dim} columns; {how}")
    began, count = time.monotonic(), 0

    def tell(metric: Metric, found: Measurement | None) -> None:
        nonlocal began, count
        count += 1
        words = "no meaning for this model"
        if found is not None:
            words = found.number if found.certified else f"{found.number} (refused)"
        seconds, began = time.monotonic() - began, time.monotonic()
        reporter.note(f"[{count}/{len(metrics)}] {metric.name}: {words}, {seconds:.1f} s")

    measured = evaluate(evaluation, metrics, tell)
    return _with_rows(evaluation, measured, metrics)


def _with_rows(
    evaluation: Evaluation, measured: dict[str, Measurement], metrics: Sequence[Metric]
) -> Measurements:
    """Return the numbers with what was computed on the way to them, and nothing computed anew."""
    normalised = drawn = None
    if {"test_log_density", "log_z"} <= evaluation.memo.keys():
        normalised = test_log_density(evaluation) - log_z_of(evaluation).log_z
    if "samples" in evaluation.memo:
        drawn = samples_of(evaluation)
    return Measurements(
        measured,
        {metric.name: metric for metric in metrics},
        normalised,
        None if drawn is None else drawn.x,
        "" if drawn is None else drawn.how,
    )
