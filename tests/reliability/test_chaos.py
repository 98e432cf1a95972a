"""A few faults at random moments; `make chaos` tries hundreds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.chaos.__main__ import RIGHTS
from benchmarks.chaos.judge import Tally, compare, standing
from ebmbench import catalog
from ebmbench.cards import TaskCard
from ebmbench.cardtables import Budget
from ebmbench.harness.job import Job
from ebmbench.harness.run import run_job


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "command killed",
        "worker killed",
        "folder vanishes",
        "two schedulers, one killed",
        "connection to dask cut",
    ],
)
def test_a_fault_loses_tears_and_repeats_nothing(name: str) -> None:
    if "dask" in name or "scheduler" in name:
        pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    if name in RIGHTS and (os.geteuid() != 0 or not shutil.which("ip")):
        pytest.skip("this needs the right, and `ip`, to make network namespaces")
    command = [sys.executable, "-m", "benchmarks.chaos", "--share", "0.02", "--only", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{name},1,0,0,0,0" in done.stdout


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with one record."""
    card = catalog.tasks()["2d/two-moons"]
    task: TaskCard = card.model_copy(
        update={
            "budget": card.budget.model_copy(update={"smoke": Budget(steps=2, batch=8)}),
            "metrics": card.metrics.model_copy(update={"names": ["hyvarinen_score"]}),
        }
    )
    run_job(Job(task, catalog.methods()["dsm"], 0, "smoke"), tmp_path, False)
    return tmp_path


def test_what_a_fault_must_not_do_is_seen(out: Path) -> None:
    clean = standing(out)
    (path,) = (out / "runs").rglob("seed-0.json")
    (weights,) = (out / "runs").rglob("*.safetensors")
    nothing = Tally()
    compare(nothing, clean, standing(out), clean)
    assert nothing.faults == 0

    content = path.read_bytes()
    path.rename(path.with_suffix(".other"))
    path.write_bytes(content)
    again = Tally()
    compare(again, clean, standing(out), clean)
    assert (again.repeated, again.faults) == (1, 1)

    weights.write_bytes(b"")
    torn = Tally()
    compare(torn, None, standing(out), clean)
    assert (torn.corrupt, torn.lost) == (1, 1)

    path.unlink()
    gone = Tally()
    compare(gone, None, standing(out), clean)
    assert (gone.lost, gone.faults) == (1, 1)
