"""The same grid on a dask cluster: the same numbers, the same statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from ebmbench import catalog
from ebmbench.cards import MethodCard, TaskCard
from ebmbench.errors import EbmbenchError, RunStopped
from ebmbench.harness.executors import dask
from ebmbench.harness.executors.remote import Home, run_here
from ebmbench.harness.grid import execute, plan
from ebmbench.harness.job import Job
from ebmbench.harness.progress import Reporter
from ebmbench.harness.rescore import rescore
from ebmbench.records import Record, Status, read_records

pytest.importorskip("distributed", reason="the extra `dask` is not installed")

Sabotage = Callable[[str], MethodCard]


def by_method(records: list[Record]) -> dict[str, Record]:
    return {record.method: record for record in records}


# Dask leaves sockets to the garbage collector when a cluster closes.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_local_cluster_gives_the_same_numbers(small_task: TaskCard, tmp_path: Path) -> None:
    methods = [catalog.methods()[name] for name in ("dsm", "gaussian")]
    here, there = tmp_path / "here", tmp_path / "there"
    local = by_method(
        execute(plan([small_task], methods, here, preset="smoke"), here, Reporter(), workers=1)
    )
    request = plan([small_task], methods, there, preset="smoke")
    remote = by_method(execute(request, there, Reporter(), workers=1, executor="dask"))
    assert {name: r.metrics for name, r in remote.items()} == {
        name: r.metrics for name, r in local.items()
    }
    assert by_method(read_records(there)) == remote
    assert plan([small_task], methods, there, preset="smoke").run == []
    assert rescore(remote["dsm"], there).metrics == local["dsm"].metrics


def test_a_scheduler_that_does_not_answer_is_named(small_task: TaskCard, tmp_path: Path) -> None:
    request = plan([small_task], [catalog.methods()["dsm"]], tmp_path, preset="smoke")
    with pytest.raises(EbmbenchError, match="no dask scheduler answers at 'nonsense'"):
        execute(request, tmp_path, Reporter(), executor="dask", scheduler="nonsense")


def test_without_dask_the_sentence_says_what_to_install(
    small_task: TaskCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    request = plan([small_task], [catalog.methods()["dsm"]], tmp_path, preset="smoke")
    with pytest.raises(EbmbenchError, match=r"pip install 'ebmbench\[dask\]'"):
        execute(request, tmp_path, Reporter(), executor="dask")


@pytest.mark.parametrize(
    ("name", "timeout", "status"),
    [
        ("Sleeper", 8.0, Status.TIMEOUT),
        ("Killed", None, Status.OUT_OF_MEMORY),
        ("Exits", None, Status.FAILED),
    ],
)
def test_how_a_remote_run_can_end(
    name: str,
    timeout: float | None,
    status: Status,
    small_task: TaskCard,
    sabotage: Sabotage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plugin"))
    home = Home(tmp_path, tmp_path / "sign")
    home.sign.touch()
    shipment = run_here(Job(small_task, sabotage(name), 0, "smoke"), timeout, home)
    assert shipment.record.status is status
    assert shipment.files == {}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_scheduler_that_dies_ends_a_run_with_a_sentence(
    small_task: TaskCard, sabotage: Sabotage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask, "PATIENCE", 1.0)
    place = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0"]
    command += ["--no-dashboard", "--scheduler-file", str(place)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as scheduler:
        try:
            deadline = time.monotonic() + 60
            while not place.is_file() and time.monotonic() < deadline:
                time.sleep(0.1)
            address = json.loads(place.read_text())["address"]

            class Kills(Reporter):
                def started(self, job: Job) -> None:
                    scheduler.kill()

            # Nobody works for this scheduler, so the job waits.
            out = tmp_path / "out"
            request = plan([small_task], [sabotage("Sleeper")], out, preset="smoke")
            with pytest.raises(RunStopped, match=r"dask scheduler at 'tcp://.*' is gone"):
                execute(request, out, Kills(), executor="dask", scheduler=address)
        finally:
            scheduler.kill()


def test_a_worker_of_another_version_ends_a_run_with_a_sentence(
    small_job: Job, tmp_path: Path
) -> None:
    home = Home(tmp_path, tmp_path / "sign", code="0123456789abcdef")
    with pytest.raises(RunStopped, match=r"another version of ebmbench \(code .*, here 0123"):
        run_here(small_job, None, home)


@pytest.mark.parametrize(
    ("device", "workers", "asked"),
    [
        ("cpu", [], None),
        ("cpu", [{}, {"gpu": 1}], None),
        ("cpu", [{"cpu": 4}, {"gpu": 1}], {"cpu": 1}),
        ("cuda", [{"cpu": 4}], {"gpu": 1}),
    ],
)
def test_what_a_job_asks_of_a_worker(
    device: str, workers: list[dict[str, float]], asked: dict[str, float] | None, small_job: Job
) -> None:
    assert dask.resources(replace(small_job, device=device), workers) == asked


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_run_that_nobody_wants_any_more_is_stopped(
    small_task: TaskCard, sabotage: Sabotage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Client, LocalCluster

    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plugin"), prepend=os.pathsep)
    home = Home(tmp_path, tmp_path / "sign")
    home.sign.touch()
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        job = Job(small_task, sabotage("Sleeper"), 0, "smoke")
        future = client.submit(run_here, job, None, home, pure=False)
        runs = lambda: [  # noqa: E731
            each
            for each in psutil.Process().children(recursive=True)
            if all("forkserver" in " ".join(one.cmdline()) for one in (each, each.parent()))
        ]
        deadline = time.monotonic() + 300
        while not runs() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert runs()
        # As when the client that asked for it is gone.
        future.release()
        while runs() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not runs()
