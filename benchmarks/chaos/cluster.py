"""A scheduler of dask with two workers, one of which is killed at a random moment."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.chaos.faults import Trial
from benchmarks.chaos.judge import Standing, standing

RUN = (
    "run", "--methods", "dsm,gaussian", "--tasks", "./rows.toml", "--preset", "smoke",
    "--seeds", "1", "--checkpoint", "0.02", "--out", "out", "--executor", "dask", "--scheduler",
)  # fmt: skip


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Start a scheduler and workers that a nanny starts anew; yield its address and the nanny."""
    place = folder / "scheduler.json"
    where = ["--scheduler-file", str(place)]
    module = [sys.executable, "-m", "distributed.cli.dask_{}"]
    started = []
    try:
        for name, *words in (
            ["scheduler", "--port", "0", "--no-dashboard", *where],
            ["worker", "--nworkers", "2", "--nthreads", "1", "--no-dashboard", *where],
        ):
            command = [*module[:2], module[2].format(name), *words]
            started.append(subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL))
            while not place.is_file():
                time.sleep(0.05)
        address = json.loads(place.read_text())["address"]
        yield address, psutil.Process(started[1].pid)
    finally:
        for process in reversed(started):
            for each in psutil.Process(process.pid).children(recursive=True):
                each.kill()
            process.kill()
            process.wait()


def killed_on_cluster(trial: Trial, address: str, nanny: psutil.Process) -> Standing | None:
    """Kill a worker of dask, not its nanny: the scheduler hands its runs to another one."""
    command = trial.begin(*RUN, address)
    trial.moment()
    # The workers are what the nanny has started and what listens, not the tracker of semaphores.
    found = [each for each in nanny.children() if "spawn_main" in " ".join(each.cmdline())]
    for each in trial.random.sample(found, k=min(1, len(found))):
        each.kill()
    trial.end(command, 0, 1)
    left = standing(trial.out)
    trial.end(trial.begin(*RUN, address), 0)
    return left
