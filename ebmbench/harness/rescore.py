"""Evaluating stored weights again, with the metrics of today."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data
from ebmbench.harness.job import requested_job
from ebmbench.harness.run import evaluate_energy
from ebmbench.harness.store import write_bytes_atomically, write_record
from ebmbench.numerics import configure
from ebmbench.records import (
    PACK,
    MetricRecord,
    Record,
    Status,
    is_packed,
    iter_stored,
    pack_bytes,
    to_json,
)
from ebmbench.weights import load_energy

AGREEMENT = 1e-3
"""Relative difference that rounding on another processor may make."""


def evaluate_again(
    record: Record, out: Path, data_dir: Path | None = None, sheet: Path | None = None
) -> dict[str, MetricRecord]:
    """Return the metrics of a run computed from its stored weights.

    Arguments:
        record: a run that ended ok.
        out: the output folder, where the weights lie beside the record.
        data_dir: where data files are looked for first.
        sheet: where a sheet of samples goes, if any.

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
    return evaluate_energy(job, energy, dataset, record.learned_log_z, sheet)


def rescore_folder(
    out: Path, data_dir: Path | None = None, tell: Callable[[Record], None] = lambda record: None
) -> None:
    """Replace the metrics of every run of a folder that ended ok.

    Loose records are replaced one by one. A pack is written anew once all are done, and keeps
    every other record as it was written.

    Arguments:
        out: the output folder, its records loose or packed, with weights.
        data_dir: where data files are looked for first.
        tell: called with each record that was replaced.

    Raises:
        EbmbenchError: as :func:`evaluate_again`, or a published folder has no weights at all.
    """
    everything = [(stored.record(), stored) for stored in iter_stored(out)]
    packed = is_packed(out)
    good = [record for record, _ in everything if record.status is Status.OK]
    if packed and not any(record.weights for record in good):
        raise EbmbenchError(
            f"{str(out)!r} was published without weights, and scoring again needs them; score "
            "the output folder that it was published from, or publish it with --weights"
        )
    contents = []
    for record, stored in everything:
        if record.status is Status.OK:
            replaced = _scored(record, out, data_dir)
            if not packed:
                write_record(replaced, out)
            contents.append(json.loads(to_json(replaced)))
            tell(replaced)
        else:
            contents.append(stored.content())
    if packed:
        write_bytes_atomically(out / PACK, pack_bytes(contents))


def rescore(record: Record, out: Path, data_dir: Path | None = None) -> Record:
    """Replace the metrics of a loose record by those of :func:`evaluate_again`."""
    updated = _scored(record, out, data_dir)
    write_record(updated, out)
    return updated


def _scored(record: Record, out: Path, data_dir: Path | None) -> Record:
    metrics = evaluate_again(record, out, data_dir, requested_job(record).sheet_path(out))
    return record.model_copy(update={"metrics": metrics})


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
