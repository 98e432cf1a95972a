"""Evaluating stored weights again, with the metrics of today."""

from __future__ import annotations

from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.harness.job import Job
from ebmbench.harness.parts import load_data
from ebmbench.harness.store import write_record
from ebmbench.harness.worker import evaluate_energy
from ebmbench.numerics import configure
from ebmbench.records import Record, record_path
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
    job = Job(
        record.task_card,
        record.method_card,
        record.seed,
        record.preset,
        record.machine.get("device", "cpu"),
        data_dir,
    )
    folder = record_path(out, record.task, record.method, record.seed).parent
    energy = load_energy(folder / record.weights, record.task_card)
    dataset = load_data(job.task, job.seed, data_dir)
    metrics = evaluate_energy(job, energy, dataset, record.learned_log_z)
    updated = record.model_copy(update={"metrics": metrics})
    write_record(updated, out)
    return updated
