"""Evaluating stored weights again, with the metrics of today."""

from __future__ import annotations

from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.harness.job import requested_job
from ebmbench.harness.parts import load_data
from ebmbench.harness.store import write_record
from ebmbench.harness.worker import evaluate_energy
from ebmbench.numerics import configure
from ebmbench.records import Record
from ebmbench.weights import load_energy


def rescore(record: Record, out: Path, data_dir: Path | None = None) -> Record:
    """Replace the metrics of a record by those computed from its weights.

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
    energy = load_energy(job.path(out).parent / record.weights, job.task)
    dataset = load_data(job.task, job.seed, data_dir)
    metrics = evaluate_energy(job, out, energy, dataset, record.learned_log_z)
    updated = record.model_copy(update={"metrics": metrics})
    write_record(updated, out)
    return updated
