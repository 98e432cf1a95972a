"""One run in this process: its record, its status, and that the same job gives the same bits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ebmbench import catalog
from ebmbench.cards import MethodCard, TaskCard
from ebmbench.harness.job import Job
from ebmbench.harness.rescore import rescore
from ebmbench.harness.run import run_job
from ebmbench.records import Record, Status, read_record, to_json

Sabotage = Callable[[str], MethodCard]


def essence(record: Record) -> dict[str, object]:
    """What must not depend on when or how fast a run was."""
    curve = [point.model_dump(exclude={"seconds"}) for point in record.curve]
    return {
        "metrics": record.metrics,
        "curve": curve,
        "hashes": record.hashes,
        "run_id": record.run_id,
    }


def with_rate(job: Job, rate: float) -> Job:
    """Return a job of 200 steps at a learning rate."""
    wild = job.method.optimiser.model_copy(update={"learning_rate": rate, "weight_average": 0.0})
    budget = job.task.budget.smoke.model_copy(update={"steps": 200})
    budgets = job.task.budget.model_copy(update={"smoke": budget})
    return replace(
        job,
        method=job.method.model_copy(update={"optimiser": wild}),
        task=job.task.model_copy(update={"budget": budgets}),
    )


def test_a_run_leaves_a_whole_record(small_job: Job, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    record = run_job(small_job, tmp_path, False, lambda step, total: steps.append((step, total)))
    assert record.status is Status.OK
    assert set(record.metrics) == {"log_likelihood", "regret"}
    assert steps[-1] == (6, 6)
    assert [point.step for point in record.curve][-1] == 6
    assert record.cost is not None
    assert record.cost.steps == 6
    assert record.cost.score_evaluations == 1.0
    assert record.cost.allocator_peak_bytes is not None
    assert record.cost.allocator_peak_bytes > 0
    assert record.machine["threads"] == "1"
    assert {"python", "torch", "ebmbench"} <= set(record.versions)
    assert read_record(small_job.path(tmp_path)) == record
    assert record.weights is not None
    assert (small_job.path(tmp_path).parent / record.weights).is_file()
    assert not list(tmp_path.rglob(".seed-*"))


def test_same_job_same_bits(small_job: Job, tmp_path: Path) -> None:
    first = run_job(small_job, tmp_path / "a", False)
    second = run_job(small_job, tmp_path / "b", True)
    assert essence(first) == essence(second)
    weights = [
        load_file(small_job.path(tmp_path / folder).parent / str(record.weights))
        for folder, record in (("a", first), ("b", second))
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_data_are_the_same_for_every_method(small_task: TaskCard, tmp_path: Path) -> None:
    jobs = [
        Job(small_task, catalog.methods()[name].for_task(small_task.name), 3, "smoke")
        for name in ("dsm", "nce")
    ]
    records = [run_job(job, tmp_path, False) for job in jobs]
    assert records[0].hashes["data"] == records[1].hashes["data"]
    other = run_job(replace(jobs[0], seed=4), tmp_path, False)
    assert other.hashes["data"] != records[0].hashes["data"]


def test_run_id_is_a_hash_of_what_is_asked(small_job: Job, tmp_path: Path) -> None:
    assert replace(small_job, data_dir=tmp_path).run_id == small_job.run_id
    more = small_job.method.hyperparameters | {"sigma": 0.2}
    changed = [
        replace(small_job, seed=1),
        replace(small_job, preset="standard"),
        replace(small_job, device="cuda"),
        replace(small_job, selection="last"),
        replace(small_job, method=small_job.method.model_copy(update={"hyperparameters": more})),
    ]
    assert len({job.run_id for job in [small_job, *changed]}) == 6


def test_a_loss_that_is_not_finite_is_told_as_divergence(small_job: Job, tmp_path: Path) -> None:
    record = run_job(with_rate(small_job, 1e30), tmp_path, False)
    assert record.status is Status.DIVERGED
    assert "not finite" in record.message
    assert record.cost is not None
    assert record.diverged_at == record.cost.steps
    assert not record.metrics


def test_a_run_that_left_every_range_is_diverged_and_keeps_what_it_has(
    small_job: Job, tmp_path: Path
) -> None:
    record = run_job(replace(with_rate(small_job, 1.0), selection="last"), tmp_path, False)
    assert record.status is Status.DIVERGED
    assert "below its best" in record.message
    assert record.diverged_at in [point.step for point in record.curve]
    assert record.metrics["log_likelihood"].value < -50
    assert record.weights is not None
    assert (small_job.path(tmp_path).parent / record.weights).is_file()
    assert read_record(small_job.path(tmp_path)) == record


def test_a_diverged_run_whose_evaluation_fails_is_still_diverged(
    small_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("no grid is fine enough")

    monkeypatch.setattr("ebmbench.harness.run.evaluate_job", fails)
    record = run_job(replace(with_rate(small_job, 1.0), selection="last"), tmp_path, False)
    assert record.status is Status.DIVERGED
    assert "below its best" in record.message
    assert "no grid is fine enough" in record.message


def test_an_energy_that_is_nowhere_finite_gives_refused_numbers(
    small_job: Job, tmp_path: Path
) -> None:
    record = run_job(with_rate(small_job, 1e9), tmp_path, False)
    assert record.status in (Status.OK, Status.DIVERGED)
    assert not any(metric.certified for metric in record.metrics.values())


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("Raises", Status.FAILED, "the objective has a fault"),
        ("Exhausted", Status.OUT_OF_MEMORY, "no memory left"),
        ("Allocates", Status.OUT_OF_MEMORY, "memory"),
    ],
)
def test_a_failure_becomes_a_record(
    name: str,
    status: Status,
    message: str,
    small_task: TaskCard,
    sabotage: Sabotage,
    tmp_path: Path,
) -> None:
    record = run_job(Job(small_task, sabotage(name), 0, "smoke"), tmp_path, False)
    assert record.status is status
    assert message in record.message
    assert "\n" not in record.message
    assert ("Traceback" in record.traceback) == (name != "Exhausted")


def test_missing_data_is_a_skip_and_not_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EBMBENCH_DATA", raising=False)
    monkeypatch.setattr("ebmbench.datasets.store.cache_folder", lambda: tmp_path / "cache")
    job = Job(catalog.tasks()["uci/wine-red"], catalog.methods()["gaussian"], 0, "smoke")
    record = run_job(job, tmp_path, False)
    assert record.status is Status.SKIPPED
    assert "ebmbench data fetch winequality/winequality-red.csv" in record.message


@pytest.mark.parametrize("method", ["nce", "gmm"])
def test_scores_again_from_stored_weights(
    method: str, small_task: TaskCard, tmp_path: Path
) -> None:
    job = Job(small_task, catalog.methods()[method].for_task(small_task.name), 0, "smoke")
    record = run_job(job, tmp_path, False)
    spoiled = record.model_copy(update={"metrics": {}})
    again = rescore(spoiled, tmp_path)
    assert again.metrics == record.metrics
    assert to_json(read_record(job.path(tmp_path))) == to_json(again)
