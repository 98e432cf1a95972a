"""What runs on a GPU: seen on any machine on a device that pretends, and on a real one if any."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from ebmbench import catalog
from ebmbench.harness.build import load_data
from ebmbench.harness.evaluation import Evaluated, evaluate_job
from ebmbench.harness.fitting import Fitted, fit
from ebmbench.harness.grid import with_steps
from ebmbench.harness.job import Job
from tests.pretended import GPU

PAIRS = [
    ("ica/5", "nce"),
    *(
        pytest.param(task, method, marks=pytest.mark.slow)
        for task, method in (
            ("2d/two-moons", "dsm"),
            ("2d/two-moons", "ncsn"),
            ("uci/wine", "dsm"),
            ("uci/wine", "nce-flow"),
            ("uci/wine", "gaussian"),
            ("digits/8", "gmm"),
        )
    ),
]


def small(task: str, method: str, device: str = "cpu") -> Job:
    """Return a job of a few steps."""
    card = with_steps(catalog.tasks()[task], "smoke", 20)
    return Job(card, catalog.methods()[method].for_task(task), 0, "smoke", device)


def evaluated(job: Job, fitted: Fitted) -> Evaluated:
    return evaluate_job(
        job,
        fitted.energy,
        load_data(job.task, job.seed, None),
        learned_log_z=fitted.log_z,
        own_sampler=fitted.own_sampler,
        last=fitted.last_energy(),
    )


@pytest.mark.parametrize(("task", "method"), PAIRS)
def test_an_evaluation_is_the_same_on_the_device(task: str, method: str) -> None:
    job = small(task, method)
    fitted = fit(job, load_data(job.task, job.seed, None), 0.0, lambda step, total: None)
    here = evaluated(job, copy.deepcopy(fitted))
    with GPU():
        there = evaluated(job, replace(fitted, energy=fitted.energy.to("meta")))
    assert there.metrics == here.metrics
    assert there.log_z == here.log_z
    assert torch.equal(there.rows, here.rows)
    assert there.last_log_likelihood == here.last_log_likelihood
