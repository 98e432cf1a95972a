"""Evaluating stored weights again, with the metrics of today."""

from __future__ import annotations

import math
from pathlib import Path

from ebmbench.energies.pulled_back import PulledBack, moved
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data, make_objective
from ebmbench.harness.evaluation import Evaluated, evaluate_job, with_last
from ebmbench.harness.job import requested_job
from ebmbench.harness.store import Artifacts, write_run
from ebmbench.harness.weights import load_energy
from ebmbench.numerics import configure
from ebmbench.records import MetricRecord, Record, beside

AGREEMENT = 1e-3
"""Relative difference that rounding on another processor may make."""


def evaluate_again(record: Record, out: Path, data_dir: Path | None = None) -> Evaluated:
    """Return what a run comes to, computed from its stored weights.

    Arguments:
        record: a run that ended ok.
        out: the output folder, where the weights lie beside the record.
        data_dir: where data files are looked for first.

    Raises:
        EbmbenchError: the weights are missing or do not fit, or the data cannot be had.
    """
    if record.weights is None:
        raise EbmbenchError(
            f"{record.task} × {record.method} seed {record.seed} has no stored weights"
        )
    configure(threads=1)
    job = requested_job(record, data_dir)
    weights = beside(record, out, record.weights) or job.path(out).parent / record.weights
    energy = load_energy(weights, job.task)
    last = None
    if record.selection is not None and record.selection.last_log_likelihood is not None:
        last = load_energy(weights, job.task, "last")
    dataset = load_data(job.task, job.seed, data_dir)
    own = None
    if job.method.objective is not None:
        trained = energy.inner if isinstance(energy, PulledBack) else energy
        own = moved(make_objective(job.method).stored_sampler(trained), energy)
    return evaluate_job(
        job,
        energy,
        dataset,
        learned_log_z=record.learned_log_z,
        own_sampler=own,
        last=last,
    )


def rescore(record: Record, out: Path, data_dir: Path | None = None) -> Record:
    """Replace the numbers of a record by those of :func:`evaluate_again`."""
    again = evaluate_again(record, out, data_dir)
    updated = record.model_copy(
        update={
            "metrics": again.metrics,
            "log_z": again.log_z,
            "levels": again.levels,
            "selection": with_last(record.selection, again.last_log_likelihood),
        }
    )
    return write_run(updated, Artifacts(rows=again.rows, image=again.image), out)


def disagreements(record: Record, again: dict[str, MetricRecord]) -> list[str]:
    """Return a sentence per metric of a record that is not what its weights give.

    Numbers may differ by a thousandth, for rounding, or by four standard errors of either, since
    another processor draws other chains.
    """
    found = []
    for name in sorted(record.metrics.keys() | again.keys()):
        before, after = record.metrics.get(name), again.get(name)
        if before is None or after is None:
            where = "the record" if before is None else "the evaluation"
            found.append(f"{name} is missing from {where}")
            continue
        slack = AGREEMENT * max(1.0, abs(after.value))
        slack += 4 * math.hypot(before.stderr or 0.0, after.stderr or 0.0)
        if not (abs(after.value - before.value) <= slack or before.value == after.value):
            found.append(f"{name} is {before.value:.6g}, its weights give {after.value:.6g}")
    return found
