"""What runs on a GPU: seen on any machine on a device that pretends, and on a real one if any."""

from __future__ import annotations

import copy
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ebmbench import catalog
from ebmbench.harness.build import load_data
from ebmbench.harness.evaluation import Evaluated, evaluate_job
from ebmbench.harness.fitting import Fitted, fit
from ebmbench.harness.grid import with_steps
from ebmbench.harness.job import Job
from ebmbench.harness.rescore import rescore
from ebmbench.harness.run import run_job
from ebmbench.numerics import synchronise
from ebmbench.records import LogZRecord, Status
from tests.pretended import GPU

PAIRS = [
    ("ica/5", "nce"),
    *(
        pytest.param(task, method, marks=pytest.mark.slow)
        for task, method in (
            ("2d/two-moons", "dsm"),
            ("uci/wine", "dsm"),
            ("uci/wine", "gaussian"),
            ("digits/8", "gmm"),
        )
    ),
]
METHODS = [
    "mle-exact",
    "mle-mcmc",
    "cd",
    "pcd",
    "dsm",
    "ssm",
    "ssm-vr",
    "sm",
    "fd-ssm",
    "ed",
    "nce",
    "cnce",
]


def small(task: str, method: str, device: str = "cpu") -> Job:
    """Return a job of a few steps."""
    card = with_steps(catalog.tasks()[task], "smoke", 20)
    chosen = catalog.methods()[method].for_task(task)
    # The weights of the last step, since the device that is pretended takes none from outside.
    return Job(card, chosen, 0, "smoke", device, selection="last")


def evaluated(job: Job, fitted: Fitted) -> Evaluated:
    return evaluate_job(
        job,
        fitted.energy,
        load_data(job.task, job.seed, None),
        learned_log_z=fitted.log_z,
        own_sampler=fitted.own_sampler,
        last=fitted.last_energy(),
    )


def untimed(found: Evaluated) -> LogZRecord | None:
    """Return ``log Z`` without the time that it took."""
    return found.log_z and found.log_z.model_copy(update={"cpu_seconds": None})


@pytest.mark.parametrize(("task", "method"), PAIRS)
def test_an_evaluation_is_the_same_on_the_device(task: str, method: str) -> None:
    job = small(task, method)
    fitted = fit(job, load_data(job.task, job.seed, None), 0.0, lambda step, total: None)
    here = evaluated(job, copy.deepcopy(fitted))
    with GPU():
        there = evaluated(job, replace(fitted, energy=fitted.energy.to("meta")))
    assert there.metrics == here.metrics
    assert untimed(there) == untimed(here)
    assert torch.equal(there.rows, here.rows)
    assert there.last_log_likelihood == here.last_log_likelihood


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("method", METHODS)
def test_a_run_on_a_gpu_is_judged_as_on_the_cpu(method: str, tmp_path: Path) -> None:
    record = run_job(small("2d/two-moons", method, "cuda"), tmp_path, False)
    assert record.status is Status.OK, record.traceback
    assert record.machine["matmul_precision"] == "highest"
    assert record.cost is not None
    assert record.cost.allocator_peak_bytes
    again = rescore(record, tmp_path).metrics["log_likelihood"]
    assert record.metrics["log_likelihood"].value == pytest.approx(again.value, abs=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_clock_waits_for_the_gpu() -> None:
    a = torch.ones(4096, 4096, device="cuda")
    synchronise(a.device)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    clock = time.perf_counter()
    begin.record()
    for _ in range(20):
        a @ a
    end.record()
    synchronise(a.device)
    assert time.perf_counter() - clock >= 1e-3 * begin.elapsed_time(end)
