"""Jobs run again: an honest record comes back, one that somebody edited is found out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ebmbench import catalog
from ebmbench.cards import MethodCard
from ebmbench.cli import app
from ebmbench.harness.job import Job
from ebmbench.harness.rerun import allowance, judge, label, rerun_folder
from ebmbench.harness.run import run_job
from ebmbench.records import MetricRecord, Record, RunCost, Status, read_records


def call(*arguments: object) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, words, catch_exceptions=False, standalone_mode=False)


@pytest.fixture
def records(small_job: Job, tmp_path: Path) -> list[Record]:
    """Two seeds of a method that trains and one reference, on one task."""
    reference = catalog.methods()["gaussian"].for_task(small_job.task.name)
    jobs = [small_job, replace(small_job, seed=1), replace(small_job, method=reference)]
    return [run_job(job, tmp_path / "out", False) for job in jobs]


def edited(record: Record, by: float, stderr: float | None = None) -> Record:
    metric = record.metrics["log_likelihood"]
    values = {"value": metric.value + by, "stderr": stderr or metric.stderr}
    metrics = record.metrics | {"log_likelihood": metric.model_copy(update=values)}
    return record.model_copy(update={"metrics": metrics})


def lasting(record: Record, seconds: float) -> Record:
    assert record.cost is not None
    cost = record.cost.model_copy(update={"train_seconds": seconds, "evaluation_seconds": 0.0})
    return record.model_copy(update={"cost": cost})


def test_an_honest_folder_comes_back_and_is_not_written_to(
    records: list[Record], tmp_path: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    told: list[str] = []
    (done,) = rerun_folder(records, tell=lambda record: told.append(label(record)))
    assert done.problems == ()
    assert done.record is not None
    assert told == [label(done.record)]
    assert done.record.method == "dsm", "a reference was preferred to a method that trains"
    assert "+0 now; 2 of 2 metrics compared" in done.words
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_an_edited_record_is_found_out_whatever_its_error_bar_says(records: list[Record]) -> None:
    first, second, reference = records
    doctored = edited(lasting(first, 0.001), by=3.0, stderr=100.0)
    (done,) = rerun_folder([doctored, second, reference])
    assert done.record is doctored
    (problem,) = done.problems
    value = first.metrics["log_likelihood"].value
    assert f"log_likelihood is {value + 3:.6g}, the run gives {value:.6g}" in problem


def test_short_runs_come_before_long_ones_and_trained_ones_before_references(
    records: list[Record],
) -> None:
    def chosen(*seconds: float) -> str:
        timed = [lasting(record, each) for record, each in zip(records, seconds, strict=True)]
        (done,) = rerun_folder(timed)
        assert done.record is not None
        return f"{done.record.method} {done.record.seed}"

    assert chosen(5.0, 4.0, 0.1) == "dsm 1"
    assert chosen(4.0, 5.0, 0.1) == "dsm 0"
    assert chosen(61.0, 62.0, 0.1) == "gaussian 0"
    assert chosen(61.0, 62.0, 63.0) == "dsm 0"


def test_a_family_without_its_data_is_skipped_with_the_reason(
    records: list[Record], cost: RunCost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EBMBENCH_DATA", raising=False)
    monkeypatch.setattr("ebmbench.datasets.store.cache_folder", lambda: tmp_path / "cache")
    card = catalog.tasks()["uci/wine-red"]
    there = {"task": card.name, "task_card": card}
    absent = records[0].model_copy(update=there)
    on_gpu = records[0].model_copy(update={"machine": {"device": "cuda"}})
    plane, table = rerun_folder([on_gpu, absent])
    assert plane.record is table.record is None
    assert "another device than a CPU" in plane.words
    assert "ebmbench data fetch winequality/winequality-red.csv" in table.words
    assert plane.problems == table.problems == ()
    failed = records[0].model_copy(update={"status": Status.FAILED})
    assert [done.words for done in rerun_folder([failed])] == ["skipped: no run ended ok"]


def test_a_run_that_fails_now_is_a_problem(
    records: list[Record], sabotage: Callable[[str], MethodCard]
) -> None:
    broken = records[0].model_copy(update={"method_card": sabotage("Raises")})
    (done,) = rerun_folder([broken])
    (problem,) = done.problems
    assert "is recorded as ok and is failed now: the objective has a fault" in problem


def test_how_far_a_number_may_lie_from_its_record() -> None:
    def number(value: float, stderr: float | None = None) -> MetricRecord:
        return MetricRecord(value=value, stderr=stderr, unit="nats", higher_is_better=True)

    assert allowance(number(-0.5), []) is None
    assert allowance(number(-0.5, 0.0), []) == 1e-3
    assert allowance(number(-200.0, 0.0), []) == pytest.approx(0.2)
    assert allowance(number(-0.5, 0.1), []) == pytest.approx(0.4 * 2**0.5)
    assert allowance(number(-0.5), [-1.5, -0.75]) == 1.0
    assert allowance(number(-0.5), [float("-inf")]) is None
    assert allowance(number(float("-inf"), 0.0), [-1.0]) == 0.0


def test_metrics_that_come_and_go_are_told(records: list[Record]) -> None:
    first = records[0]
    fewer = first.model_copy(update={"metrics": {"regret": first.metrics["regret"]}})
    assert judge("2d", fewer, first, []).problems == ("log_likelihood is missing from the record",)
    assert judge("2d", first, fewer, []).problems == ("log_likelihood is missing from the run",)
    newer = first.model_copy(update={"metrics": first.metrics | {"new": first.metrics["regret"]}})
    assert judge("2d", first, newer, []).problems == ()
    bare = first.metrics["regret"].model_copy(update={"stderr": None})
    unsure = first.model_copy(update={"metrics": {"regret": bare}})
    assert judge("2d", unsure, unsure, []).problems == ("no metric can be compared",)


def test_the_verb_finds_what_hashes_and_tables_cannot(tmp_path: Path) -> None:
    out = tmp_path / "out"
    call("run", "--methods", "dsm", "--tasks", "2d/two-moons", "--preset", "smoke",
         "--steps", "3", "--quiet", "--out", out)  # fmt: skip
    done = call("check", out, "--rerun")
    assert done.return_value == 0
    assert "2d: 2d/two-moons × dsm seed 0: log_likelihood" in done.output
    assert f"{out}: whole" in done.output
    path = out / "runs/2d/two-moons/dsm/seed-0.json"
    content = json.loads(path.read_text())
    content["metrics"]["log_likelihood"]["value"] += 1.0
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
    call("report", out, "--no-site")
    assert call("check", out).return_value == 0
    done = call("check", out, "--rerun")
    assert done.return_value == 1
    assert "2d/two-moons × dsm seed 0: log_likelihood is" in done.output
    assert "whole" not in done.output
    assert len(read_records(out)) == 1
