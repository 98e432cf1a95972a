import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from ebmbench.errors import EbmbenchError
from ebmbench.records import (
    COLUMNS,
    LogZRecord,
    MetricRecord,
    Record,
    RunCost,
    Status,
    read_records,
    record_path,
    tidy_rows,
    to_json,
)

Make = Callable[..., Record]


def write(record: Record, out: Path) -> Path:
    path = record_path(out, record.task, record.method, record.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_json(record), encoding="utf-8")
    return path


def test_a_record_survives_the_file_even_with_infinite_numbers(
    make_record: Make, tmp_path: Path, cost: RunCost
) -> None:
    metric = MetricRecord(value=float("-inf"), unit="nats", higher_is_better=True)
    record = make_record(metrics={"log_likelihood": metric}, cost=cost)
    path = write(record, tmp_path)
    assert read_records(tmp_path) == [record]
    json.loads(path.read_text(), parse_constant=pytest.fail)


def test_tidy_rows_hold_metrics_cost_and_the_status_of_failures(
    make_record: Make, cost: RunCost
) -> None:
    metric = MetricRecord(value=-1.0, stderr=0.1, unit="nats", higher_is_better=True)
    good = make_record(metrics={"log_likelihood": metric}, cost=cost)
    bad = make_record(seed=1, status=Status.DIVERGED)
    rows = list(tidy_rows([good, bad]))
    assert all(list(row) == COLUMNS for row in rows)
    by_metric = {row["metric"]: row for row in rows}
    assert by_metric["log_likelihood"]["value"] == -1.0
    assert by_metric["train_seconds"]["unit"] == "s"
    assert by_metric["step_ms"]["value"] == 2.0
    assert "allocator_peak_bytes" not in by_metric
    assert by_metric[None]["status"] == "diverged"


def test_records_come_back_in_order(make_record: Make, tmp_path: Path) -> None:
    for seed in (10, 2, 0):
        write(make_record(seed), tmp_path)
    assert [record.seed for record in read_records(tmp_path)] == [0, 2, 10]


def test_missing_empty_and_broken_folders_are_named(make_record: Make, tmp_path: Path) -> None:
    with pytest.raises(EbmbenchError, match="does not exist"):
        read_records(tmp_path / "none")
    with pytest.raises(EbmbenchError, match="holds no record"):
        read_records(tmp_path)
    path = write(make_record(), tmp_path)
    path.write_text(path.read_text().replace('"seed": 0', '"seed": "x"'))
    with pytest.raises(EbmbenchError, match=r"seed-0\.json' is not valid: key 'seed' is 'x'"):
        read_records(tmp_path)
    path.write_text("{")
    with pytest.raises(EbmbenchError, match="is not valid"):
        read_records(tmp_path)


@pytest.mark.parametrize("name", ["../up", "/etc", "a//b", "a/../b", "A", "a\n", ".", ""])
def test_a_name_that_is_no_name_never_becomes_a_path(
    name: str, make_record: Make, tmp_path: Path
) -> None:
    with pytest.raises(EbmbenchError, match="is no name of a task"):
        record_path(tmp_path, name, "dsm", 0)
    with pytest.raises(EbmbenchError, match="is no name of a method"):
        record_path(tmp_path, "2d/rings", name, 0)
    with pytest.raises(ValidationError, match="task"):
        make_record(task=name)
    if name != "A":
        with pytest.raises(ValidationError, match="weights"):
            make_record(weights=name)


def test_what_log_z_took_is_optional() -> None:
    old = LogZRecord.model_validate({"value": 1.0, "stderr": 0.1, "certified": True})
    assert old.cpu_seconds is None
    assert old.law is None
    with pytest.raises(ValidationError):
        LogZRecord.model_validate({"value": 1.0, "stderr": 0.1, "law": "cauchy"})
