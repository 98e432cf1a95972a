"""What a run costs beside its training and evaluation: thousands of jobs that do almost nothing.

    python -m benchmarks.jobs --jobs 10000
    python -m benchmarks.jobs --jobs 100 --executor dask

A job draws 96 rows, makes one step of two parameters a coordinate and computes one metric, so that
what it takes is its start, its record, its lock and its place in the queue. What the record says
of rows, step and metric is taken off. Those that are resumed are only read and compared.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from ebmbench import api
from ebmbench.cards import TaskCard
from ebmbench.harness.executors.local import cores
from ebmbench.harness.grid import Executor, execute, plan_jobs, with_steps
from ebmbench.harness.job import Job, make_jobs
from ebmbench.harness.progress import Reporter

TASK, METHOD = "ica/2", "dsm"
ROWS = {"train": 64, "validation": 16, "test": 16}


def almost_nothing() -> TaskCard:
    """Return a task of few rows, one step and one metric."""
    card = with_steps(api.task(TASK), "smoke", 1)
    metrics = card.metrics.model_copy(update={"names": ["log_likelihood"]})
    data = card.data.model_copy(update=ROWS)
    return card.model_copy(update={"data": data, "metrics": metrics})


def measure(jobs: list[Job], out: Path, workers: int, executor: Executor) -> str:
    """Run jobs and return what each cost beside what its record accounts for."""
    began = time.perf_counter()
    plan = plan_jobs(jobs, out)
    planned = time.perf_counter() - began
    records = execute(plan, out, Reporter(), workers=workers, executor=executor)
    clock = time.perf_counter() - began
    costs = [record.cost for record in records if record.cost is not None]
    own = sum(
        cost.data_seconds + cost.setup_seconds + cost.train_seconds + cost.evaluation_seconds
        for cost in costs
    )
    count = len(records)
    if not plan.run:
        return f"{count} jobs that are done: {clock:.1f} s, {1e3 * clock / count:.2f} ms a job"
    beside = 1e3 * (workers * clock - own) / count
    return (
        f"{count} jobs, {executor}, {workers} workers: {clock:.1f} s, {planned:.1f} before the "
        f"first; {beside:.1f} ms of a worker a job beside {1e3 * own / count:.1f} ms of rows, "
        "step and metric"
    )


def main() -> None:
    """Measure a grid of so many jobs, and resuming it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--executor", choices=("local", "dask"), default="local")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    jobs = make_jobs([almost_nothing()], [api.method(METHOD)], seeds=asked.jobs, preset="smoke")
    with tempfile.TemporaryDirectory() as name:
        for _ in range(2):
            print(measure(jobs, Path(name), asked.workers, asked.executor), flush=True)


if __name__ == "__main__":
    main()
