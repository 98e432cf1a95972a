"""A grid of runs: what the command line and the Python interface both call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from ebmbench.cards import MethodCard, Preset, TaskCard, card_hash
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data
from ebmbench.harness.compatibility import reason_to_skip, validate
from ebmbench.harness.executors.dask import run_on_cluster
from ebmbench.harness.executors.local import cores, run_jobs
from ebmbench.harness.job import SEEDS, Job, make_jobs, refuse_preset
from ebmbench.harness.progress import Reporter
from ebmbench.harness.record import failed_record
from ebmbench.harness.store import finished, open_folder, write_record, write_results
from ebmbench.records import Record, Status, read_record

Executor = Literal["local", "dask"]
CostMode = Literal["shared", "alone"]


@dataclass(frozen=True)
class Plan:
    """What a request comes to, decided before anything runs."""

    run: list[Job]
    done: list[Record]
    """Good records of the same request; not run again."""
    skip: list[tuple[Job, str]]
    """Jobs that cannot be done, and why."""


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
    look_only: bool = False,
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
        look_only: leave no folder behind.

    Raises:
        EbmbenchError: the request is wrong, or nothing of it can be done.
    """
    refuse_preset(preset)
    count = SEEDS[preset] if seeds is None else seeds
    if count < 1:
        raise EbmbenchError(f"seeds is {count}, allowed: at least 1")
    if device != "cpu" and not torch.cuda.is_available():
        raise EbmbenchError(f"device is {device!r}, and torch finds no CUDA device here")
    if data_dir is not None and not data_dir.is_dir():
        raise EbmbenchError(f"data folder {str(data_dir)!r} does not exist")
    if steps is not None:
        tasks = [with_steps(task, preset, steps) for task in tasks]
    jobs = make_jobs(tasks, methods, seeds=count, preset=preset, device=device, data_dir=data_dir)
    first_seed = [job for job in jobs if job.seed == 0]
    for job in first_seed:
        validate(job)
    reasons = {(job.task.name, job.method.name): reason_to_skip(job) for job in first_seed}
    if reasons and all(reasons.values()):
        first = next(reason for reason in reasons.values() if reason)
        raise EbmbenchError(f"nothing of the request can be run: {first}")
    for task in tasks:
        # A table of one's own is looked at before anything runs on it.
        if task.data.loader == "csv":
            load_data(task, 0, data_dir)
    if not look_only:
        open_folder(out)
    _refuse_mixtures(out, preset, jobs)
    result = Plan([], [], [])
    for job in jobs:
        reason = reasons[job.task.name, job.method.name]
        record = None if force else finished(job, out)
        if reason is not None:
            result.skip.append((job, reason))
        elif record is not None:
            result.done.append(record)
        else:
            result.run.append(job)
    return result


def _refuse_mixtures(out: Path, preset: Preset, jobs: list[Job]) -> None:
    """Refuse a request whose table would mix presets or cards, before anything is computed.

    Raises:
        EbmbenchError: the folder holds runs of another preset, or a record that the request does
            not replace has another card of its task.
    """
    replaced = {job.path(out) for job in jobs}
    wanted = {job.task.name: card_hash(job.task) for job in jobs}
    for path in sorted((out / "runs").rglob("seed-*.json")):
        record = read_record(path)
        if record.preset != preset:
            raise EbmbenchError(
                f"output folder {str(out)!r} holds runs of preset {record.preset!r}, asked for "
                f"{preset!r}; a table never mixes presets, so choose another --out"
            )
        if path in replaced:
            continue
        if wanted.get(record.task, card_hash(record.task_card)) != card_hash(record.task_card):
            raise EbmbenchError(
                f"output folder {str(out)!r} holds runs of {record.task} with another card or "
                f"other --steps or --set ({record.method} seed {record.seed}), which one table "
                "cannot mix; choose another --out"
            )


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
    """
    if workers is not None and workers < 1:
        raise EbmbenchError(f"--jobs is {workers}, allowed: at least 1")
    if cost == "alone":
        if workers not in (None, 1) or executor != "local":
            raise EbmbenchError(
                "--cost alone means one run at a time on this machine, found "
                f"--jobs {workers} and --executor {executor}"
            )
        workers = 1
    if timeout is not None and timeout <= 0:
        raise EbmbenchError(f"--timeout is {timeout}, allowed: more than 0 seconds")
    records = list(request.done)
    for job, reason in request.skip:
        record = failed_record(job, Status.SKIPPED, reason, contended=False)
        write_record(record, out)
        records.append(record)
    try:
        count = cores() if workers is None else workers
        if executor == "dask":
            records += run_on_cluster(
                request.run,
                out,
                reporter,
                scheduler=scheduler,
                workers=count,
                timeout=timeout,
            )
        else:
            records += run_jobs(request.run, out, reporter, workers=count, timeout=timeout)
    finally:
        reporter.close()
        if any((out / "runs").rglob("seed-*.json")):
            write_results(out)
    return records


def with_steps(task: TaskCard, preset: Preset, steps: int) -> TaskCard:
    """Return a task card whose budget under ``preset`` is ``steps`` training steps.

    Raises:
        EbmbenchError: ``steps`` is not positive.
    """
    if steps < 1:
        raise EbmbenchError(f"--steps is {steps}, allowed: at least 1")
    budget = getattr(task.budget, preset).model_copy(update={"steps": steps})
    return task.model_copy(update={"budget": task.budget.model_copy(update={preset: budget})})
