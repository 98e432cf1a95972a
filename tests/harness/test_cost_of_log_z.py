"""What an estimate of ``log Z`` took stands in the record of its run."""

from __future__ import annotations

from pathlib import Path

from ebmbench import catalog
from ebmbench.cardtables import Budget
from ebmbench.harness.job import Job
from ebmbench.harness.run import run_job


def test_annealing_says_what_it_took(tmp_path: Path) -> None:
    card = catalog.tasks()["uci/wine"]
    budget = card.budget.model_copy(update={"smoke": Budget(steps=3, batch=16)})
    metrics = card.metrics.model_copy(update={"names": ["log_likelihood"]})
    card = card.model_copy(update={"budget": budget, "metrics": metrics})
    job = Job(card, catalog.methods()["dsm"].for_task(card.name), 0, "smoke")
    found = run_job(job, tmp_path, False).log_z
    assert found is not None
    assert found.cpu_seconds is not None
    assert found.cpu_seconds > 0
    assert found.temperatures is not None
    assert found.temperatures >= 20
    assert found.score_evaluations is not None
    # forward, wide and reverse chains: 40 of two leapfrog steps at each temperature
    assert found.score_evaluations > 3 * 40 * 2 * found.temperatures
    assert found.energy_evaluations is not None
    assert found.hvp_evaluations is not None
    assert found.effective_size is not None
    assert 0 < found.effective_size <= 40
    assert found.law in ("gaussian", "mixture")
    assert found.gap is not None
    assert found.lower is not None
    assert found.upper is not None
    assert abs(found.gap) <= found.upper - found.lower


def test_an_exact_one_took_nothing(tmp_path: Path) -> None:
    card = catalog.tasks()["2d/two-moons"]
    job = Job(card, catalog.methods()["gaussian"], 0, "smoke")
    found = run_job(job, tmp_path, False).log_z
    assert found is not None
    assert found.cpu_seconds is None
    assert found.temperatures is None
