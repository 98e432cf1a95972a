"""A run of a few steps, its numbers again from the weights, its tables, pictures and pages."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.cardtables import EnergyTable
from ebmbench.errors import EbmbenchError, first_line
from ebmbench.harness.job import Job, requested_id
from ebmbench.harness.rescore import disagreements, evaluate_again
from ebmbench.harness.run import run_job
from ebmbench.records import Record, Status, read_records
from ebmbench.report.audit import find_problems
from ebmbench.report.site.build import build_site
from ebmbench.report.write import write_tables

TRIAL_TASK = "2d/two-moons"
"""Where a new method is tried."""
LEVELS = {"hidden": [16, 16], "levels": [1.0, 0.3, 0.1]}
"""Options of the energy on which an objective of many noise levels is tried."""


def trial_task(*, levels: bool) -> TaskCard:
    """Return the task on which a method is tried, its energy of many noise levels or of one."""
    task = catalog.tasks()[TRIAL_TASK]
    energy = EnergyTable(kind="mlp-levels", options=LEVELS)
    return task.model_copy(update={"energy": energy}) if levels else task


def way_problems(job: Job) -> list[str]:
    """Return a sentence per problem on the way that ``run``, ``score`` and ``report`` take.

    Arguments:
        job: of few rows and steps.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "check"
        record = run_job(job, out, contended=True)
        problems = _of_run(record)
        if problems:
            return problems
        stored = read_records(out)[0].model_copy(deep=True)
        # A record does not say where its cards lay; the classes are still to be found there.
        placed = stored.model_copy(
            update={
                "task_card": stored.task_card.placed(job.task.folder),
                "method_card": stored.method_card.placed(job.method.folder),
            }
        )
        try:
            again = evaluate_again(placed, out, job.data_dir).metrics
            problems += [
                f"scored again from its weights: {w}" for w in disagreements(stored, again)
            ]
            write_tables([placed], out)
            build_site([placed], out)
            problems += find_problems(out, requested_id)
        except EbmbenchError as error:
            problems.append(f"it runs, but cannot be scored or reported: {error}")
        except Exception as error:
            words = first_line(error, "no message")
            problems.append(
                f"it runs, but cannot be scored or reported: {type(error).__name__}: {words}"
            )
        return problems


def _of_run(record: Record) -> list[str]:
    if record.status is not Status.OK:
        return [f"a run of a few steps ends {record.status.value}: {record.message}"]
    return [
        f"metric {name!r} gives no number: {number.note}"
        for name, number in record.metrics.items()
        if math.isnan(number.value)
    ]
