"""Making the record of a run from what is known of it."""

from __future__ import annotations

from collections.abc import Mapping

from ebmbench.cards import card_hash
from ebmbench.harness.identity import named_hashes
from ebmbench.harness.job import Job
from ebmbench.harness.other_work import BUSY
from ebmbench.harness.provenance import code_hash, machine, now, versions
from ebmbench.records import Record, RunOutcome, Status


def make_record(
    job: Job,
    outcome: RunOutcome,
    *,
    started: str,
    contended: bool,
    machine_words: dict[str, str],
    hashes: Mapping[str, str],
) -> Record:
    """Return the record of a job.

    Arguments:
        job: what was asked.
        outcome: what came of it.
        started: when, UTC by ISO 8601.
        contended: whether other jobs shared the cores; other programs that did are in the cost, as
            is whether the training was made in several parts.
        machine_words: the machine, from :func:`ebmbench.harness.provenance.machine`.
        hashes: ``data``, of the rows, empty before there were any; and
            :func:`ebmbench.harness.identity.named_hashes`.
    """
    cost = outcome.cost
    # Of parts that were made at other times, or on other machines, no timing can be published.
    loaded = cost is not None and ((cost.other_cores or 0.0) > BUSY or cost.resumed > 0)
    return Record(
        **dict(outcome),
        run_id=job.run_id,
        task=job.task.name,
        task_version=job.task.version,
        method=job.method.name,
        method_version=job.method.version,
        seed=job.seed,
        preset=job.preset,
        selected_by=job.selection,
        contended=contended or loaded,
        task_card=job.task,
        method_card=job.method,
        hashes={
            "task_card": card_hash(job.task),
            "method_card": card_hash(job.method),
            "code": code_hash(),
            **hashes,
        },
        versions=versions(),
        machine=machine_words,
        started=started,
    )


def failed_record(job: Job, status: Status, message: str, *, contended: bool) -> Record:
    """Return the record of a job whose worker cannot write one itself."""
    words = machine("cpu", {}) | {"device": job.device}
    outcome = RunOutcome(status=status, message=message)
    return make_record(
        job,
        outcome,
        started=now(),
        contended=contended,
        machine_words=words,
        hashes={"data": ""} | named_hashes(job),
    )
