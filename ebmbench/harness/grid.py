"""A grid of runs: what the command line and the Python interface both call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch

from ebmbench.cards import CHECKPOINT_SECONDS, SELECTIONS, MethodCard, Preset, Selection, TaskCard
from ebmbench.errors import EbmbenchError, RunStopped, did_you_mean
from ebmbench.harness.build import load_data
from ebmbench.harness.compatibility import reason_to_skip, validate
from ebmbench.harness.executors.dask import run_on_cluster
from ebmbench.harness.executors.local import cores, run_jobs
from ebmbench.harness.executors.queue import Queue
from ebmbench.harness.identity import named_hashes
from ebmbench.harness.job import SEEDS, Job, make_jobs, refuse_preset
from ebmbench.harness.progress import Reporter
from ebmbench.harness.record import failed_record
from ebmbench.harness.resume import in_words, refuse_mixtures, rows_of, why_again
from ebmbench.harness.store import open_folder, write_record, write_results
from ebmbench.records import Brief, Record, Status, no_collection, read_briefs, read_record

Executor = Literal["local", "dask"]
CostMode = Literal["shared", "alone"]
MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Plan:
    """What a request comes to, decided before anything runs."""

    run: list[Job]
    done: list[Job]
    """Of which there are good records; not run again."""
    skip: list[tuple[Job, str]]
    """Jobs that cannot be done, and why."""
    again: list[str] = field(default_factory=list)
    """In words, why runs that were done are done again."""
    seen: dict[Path, tuple[int, ...] | None] = field(default_factory=dict)
    """Version of every record that lay in the folder, so that a newer one is seen as such."""
    stored: dict[Path, Brief] = field(default_factory=dict)
    """What those records say."""


def plan(
    tasks: list[TaskCard],
    methods: list[MethodCard],
    out: Path,
    *,
    preset: Preset = "standard",
    seeds: int | None = None,
    steps: int | None = None,
    device: str = "cpu",
    data_dir: Path | None = None,
    force: bool = False,
    selection: Selection = "own-loss",
    look_only: bool = False,
    checkpoint: float = CHECKPOINT_SECONDS,
) -> Plan:
    """Check a request and sort its jobs into those to run, those done and those to skip.

    Arguments:
        tasks: cards.
        methods: cards.
        out: the output folder.
        preset: which budget.
        seeds: how many; ``None``: as the preset says.
        steps: of training, in place of the budget's.
        device: where training runs.
        data_dir: where data files are looked for first.
        force: run again what is done.
        selection: which weights are scored.
        look_only: leave no folder behind.
        checkpoint: seconds between two states that are kept of a run.

    Raises:
        EbmbenchError: the request is wrong, or nothing of it can be done.
    """
    refuse_preset(preset)
    if selection not in SELECTIONS:
        raise EbmbenchError(
            f"unknown selection {selection!r}{did_you_mean(selection, SELECTIONS)}"
        )
    count = SEEDS[preset] if seeds is None else seeds
    if not 1 <= count <= MOST_SEEDS:
        allowed = "at least 1" if count < 1 else f"at most {MOST_SEEDS}"
        raise EbmbenchError(f"seeds is {count}, allowed: {allowed}")
    if device != "cpu" and not torch.cuda.is_available():
        raise EbmbenchError(f"device is {device!r}, and torch finds no CUDA device here")
    if not checkpoint >= 0:
        raise EbmbenchError(f"--checkpoint is {checkpoint}, allowed: 0 seconds or more")
    if data_dir is not None and not data_dir.is_dir():
        raise EbmbenchError(f"data folder {str(data_dir)!r} does not exist")
    if steps is not None:
        tasks = [with_steps(task, preset, steps) for task in tasks]
    jobs = make_jobs(
        tasks,
        methods,
        seeds=count,
        preset=preset,
        device=device,
        data_dir=data_dir,
        selection=selection,
    )
    jobs = [replace(job, checkpoint=checkpoint) for job in jobs]
    with no_collection():
        return plan_jobs(jobs, out, force=force, look_only=look_only)


def plan_jobs(
    jobs: Sequence[Job], out: Path, *, force: bool = False, look_only: bool = False
) -> Plan:
    """Sort jobs of one preset and selection into those to run, those done and those to skip.

    Arguments:
        jobs: in the order in which they are to be run.
        out: the output folder.
        force: run again what is done.
        look_only: leave no folder behind.

    Raises:
        EbmbenchError: a card is bad, a table is none that a model can take, the folder holds what
            does not compare, or nothing can be done.
    """
    firsts = {(job.task.name, job.method.name): job for job in reversed(jobs)}
    for job in firsts.values():
        validate(job)
    reasons = {key: reason_to_skip(job) for key, job in firsts.items()}
    if reasons and all(reasons.values()):
        first = next(reason for reason in reasons.values() if reason)
        raise EbmbenchError(f"nothing of the request can be run: {first}")
    for job in {job.task.name: job for job in firsts.values()}.values():
        # A table of one's own is looked at before anything runs on it.
        if job.task.data.loader == "csv":
            load_data(job.task, job.seed, job.data_dir)
    if not look_only:
        open_folder(out)
    named = {key: named_hashes(job) for key, job in firsts.items()}
    seen, stored = read_briefs(out)
    places = [job.path(out) for job in jobs]
    refuse_mixtures(out, dict(zip(places, jobs, strict=True)), stored, named)
    result = Plan([], [], [], seen=seen, stored=stored)
    reasons_again = []
    for path, job in zip(places, jobs, strict=True):
        key = job.task.name, job.method.name
        record = stored.get(path)
        why = "" if record is None else why_again(job, record, named[key])
        if reasons[key] is not None:
            result.skip.append((job, str(reasons[key])))
        elif record is not None and why is None and not force:
            result.done.append(job)
        else:
            result.run.append(job)
            reasons_again += [why] if why and not force else []
    replaced = {job.path(out) for job in result.run}
    rows = rows_of([record for path, record in stored.items() if path not in replaced])
    run = [replace(job, rows=rows.get((job.task.name, job.seed))) for job in result.run]
    return replace(result, run=run, again=in_words(reasons_again))


def workers_at_a_time(
    workers: int | None,
    timeout: float | None,
    executor: Executor,
    scheduler: str | None,
    cost: CostMode,
) -> int:
    """Return how many runs there are at a time; the arguments are those of :func:`execute`.

    Raises:
        EbmbenchError: a number is out of range, or two arguments do not go together.
    """
    if scheduler is not None and executor != "dask":
        raise EbmbenchError("--scheduler is for --executor dask only")
    if workers is not None and workers < 1:
        raise EbmbenchError(f"--jobs is {workers}, allowed: at least 1")
    if cost == "alone" and (workers not in (None, 1) or executor != "local"):
        raise EbmbenchError(
            "--cost alone means one run at a time on this machine, found "
            f"--jobs {workers} and --executor {executor}"
        )
    if timeout is not None and timeout <= 0:
        raise EbmbenchError(f"--timeout is {timeout}, allowed: more than 0 seconds")
    if cost == "alone":
        return 1
    return cores() if workers is None else workers


def execute(
    request: Plan,
    out: Path,
    reporter: Reporter,
    *,
    workers: int | None = None,
    timeout: float | None = None,
    executor: Executor = "local",
    scheduler: str | None = None,
    cost: CostMode = "shared",
) -> list[Record]:
    """Run a plan, write the tidy table, and return all records of the request.

    Arguments:
        request: from :func:`plan`.
        out: the output folder.
        reporter: told what happens.
        workers: processes at a time; ``None``: one per core.
        timeout: seconds after which a run is stopped.
        executor: ``local``: processes on this machine; ``dask``: a dask cluster.
        scheduler: address of the dask scheduler; ``None``: a cluster on this machine.
        cost: ``alone``: one run at a time, so that timings can be published; a run during which
            other programs kept the cores busy is marked as contended all the same.

    Raises:
        EbmbenchError: a number is out of range, or the cluster cannot be reached.
        RunStopped: the disk is full, the output folder is gone, or the cluster is.
    """
    count = workers_at_a_time(workers, timeout, executor, scheduler, cost)
    records = [read_record(job.path(out)) for job in request.done]
    for line in request.again:
        reporter.note(line)
    try:
        for job, reason in request.skip:
            if _skipped_before(request, out, job, reason):
                records.append(read_record(job.path(out)))
                continue
            records.append(failed_record(job, Status.SKIPPED, reason, contended=False))
            write_record(records[-1], out)
        if request.run:
            with Queue(request.run, out, request.seen) as queue:
                if executor == "dask":
                    records += run_on_cluster(
                        queue, out, reporter, scheduler=scheduler, workers=count, timeout=timeout
                    )
                else:
                    records += run_jobs(queue, out, reporter, workers=count, timeout=timeout)
        _refuse_losses(request, out)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise RunStopped(
            f"output folder {str(out)!r} cannot be written to any more: "
            f"{error.strerror or error}{where}; finished runs are kept"
        ) from None
    finally:
        reporter.close()
        if not nothing_new(request, out):
            _tabulate(out)
    return records


def nothing_new(request: Plan, out: Path) -> bool:
    """Return whether a plan comes to nothing: each of its jobs has its record already."""
    return not request.run and all(_skipped_before(request, out, *each) for each in request.skip)


def _skipped_before(request: Plan, out: Path, job: Job, reason: str) -> bool:
    known = request.stored.get(job.path(out))
    return known is not None and (known.run_id, known.message) == (job.run_id, reason)


def _refuse_losses(request: Plan, out: Path) -> None:
    """Say so where records of a request are gone at its end.

    Raises:
        RunStopped: something else took them away.
    """
    jobs = [*request.run, *(job for job, _ in request.skip)]
    lost = [job for job in jobs if not job.path(out).is_file()]
    if lost:
        raise RunStopped(
            f"{len(lost)} of {len(jobs)} records are gone from output folder {str(out)!r}, the "
            f"first {lost[0].label}; something else removed them, so run again"
        )


def _tabulate(out: Path) -> None:
    """Write the tidy table as far as that can be done, also when a run ends early."""
    with suppress(OSError, RunStopped):
        if any((out / "runs").rglob("seed-*.json")):
            write_results(out)


def with_steps(task: TaskCard, preset: Preset, steps: int) -> TaskCard:
    """Return a task card whose budget under ``preset`` is ``steps`` training steps.

    Raises:
        EbmbenchError: ``steps`` is not positive.
    """
    if steps < 1:
        raise EbmbenchError(f"--steps is {steps}, allowed: at least 1")
    budget = getattr(task.budget, preset).model_copy(update={"steps": steps})
    return task.model_copy(update={"budget": task.budget.model_copy(update={preset: budget})})
