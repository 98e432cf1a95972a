"""Many runs in worker processes: order, resume, statuses, and what is refused beforehand."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ebmbench import catalog
from ebmbench.cards import MethodCard, TaskCard
from ebmbench.errors import EbmbenchError
from ebmbench.harness.compatibility import reason_to_skip
from ebmbench.harness.executors import local as executor
from ebmbench.harness.grid import execute, plan
from ebmbench.harness.job import Job
from ebmbench.harness.other_work import BUSY
from ebmbench.harness.progress import Events, Lines, Reporter
from ebmbench.records import Record, Status, read_records, to_json
from tests.untuned import untuned

Sabotage = Callable[[str], MethodCard]


@pytest.fixture
def dsm() -> MethodCard:
    return untuned("dsm")


def by_method(records: list[Record]) -> dict[str, Record]:
    return {record.method: record for record in records}


def test_every_way_a_worker_can_end(
    small_task: TaskCard, dsm: MethodCard, sabotage: Sabotage, tmp_path: Path
) -> None:
    methods = [sabotage("Sleeper"), sabotage("Killed"), sabotage("Exits"), sabotage("Raises"), dsm]
    request = plan([small_task], methods, tmp_path, preset="smoke")
    # Long enough for a run that works, on a busy machine, and short beside the sleeper's minute.
    records = by_method(execute(request, tmp_path, Reporter(), workers=2, timeout=10))
    assert records["sleeper"].status is Status.TIMEOUT
    assert "10 s" in records["sleeper"].message
    assert records["killed"].status is Status.OUT_OF_MEMORY
    assert records["exits"].status is Status.FAILED
    assert "exit code 7" in records["exits"].message
    assert records["raises"].status is Status.FAILED
    assert "Traceback" in records["raises"].traceback
    assert records["dsm"].status is Status.OK
    assert records["dsm"].contended
    stored = {record.method: to_json(record) for record in read_records(tmp_path)}
    assert stored == {name: to_json(record) for name, record in records.items()}
    lines = (tmp_path / "results.csv").read_text().splitlines()
    version = methods[0].version
    assert any(f",sleeper,{version},0,smoke,timeout," in line for line in lines)


def test_resumes_retries_and_forces(
    small_task: TaskCard, dsm: MethodCard, sabotage: Sabotage, tmp_path: Path
) -> None:
    broken = sabotage("Raises")
    first = execute(
        plan([small_task], [dsm, broken], tmp_path, preset="smoke"),
        tmp_path,
        Reporter(),
        workers=1,
    )
    good = by_method(first)["dsm"]
    assert good.cost is not None
    # with one worker only other programs' work, which a test machine may well have, counts
    assert good.contended == ((good.cost.other_cores or 0.0) > BUSY)
    request = plan([small_task], [dsm, broken], tmp_path, preset="smoke", seeds=2)
    assert [job.run_id for job in request.done] == [good.run_id]
    assert [(job.method.name, job.seed) for job in request.run] == [
        ("raises", 0),
        ("dsm", 1),
        ("raises", 1),
    ]
    forced = plan([small_task], [dsm, broken], tmp_path, preset="smoke", force=True)
    assert len(forced.run) == 2


@pytest.fixture
def written(small_task: TaskCard, dsm: MethodCard, tmp_path: Path) -> Path:
    """Path of the record of a run of the small task by DSM."""
    (record,) = execute(
        plan([small_task], [dsm], tmp_path, preset="smoke"), tmp_path, Reporter(), workers=1
    )
    return tmp_path / "runs" / record.task / record.method / "seed-0.json"


@pytest.mark.parametrize(
    ("honest", "edited"),
    [
        ('"sigma": 0.1', '"sigma": 0.2'),
        ('"learning_rate": 0.001', '"learning_rate": 0.002'),
        ('"steps": 6', '"steps": 600'),
        ('"run_id": "', '"run_id": "0'),
        ('"status": "ok"', '"status": "failed"'),
    ],
)
def test_a_record_that_was_edited_is_run_again(
    honest: str, edited: str, written: Path, small_task: TaskCard, dsm: MethodCard, tmp_path: Path
) -> None:
    assert plan([small_task], [dsm], tmp_path, preset="smoke").run == []
    text = written.read_text()
    assert honest in text
    written.write_text(text.replace(honest, edited))
    request = plan([small_task], [dsm], tmp_path, preset="smoke")
    assert request.done == []
    (again,) = execute(request, tmp_path, Reporter(), workers=1)
    assert again.run_id == request.run[0].run_id
    assert [job.run_id for job in plan([small_task], [dsm], tmp_path, preset="smoke").done] == [
        again.run_id
    ]


def test_what_is_no_record_is_named_and_not_run_over(
    written: Path, small_task: TaskCard, dsm: MethodCard, tmp_path: Path
) -> None:
    written.write_text(written.read_text().replace('"status": "ok"', '"status": "fine"'))
    with pytest.raises(EbmbenchError, match=r"seed-0.json.*status.*fine"):
        plan([small_task], [dsm], tmp_path, preset="smoke")


def test_adding_a_method_moves_no_other_number(
    small_task: TaskCard, dsm: MethodCard, tmp_path: Path
) -> None:
    nce, ssm = catalog.methods()["nce"], catalog.methods()["ssm"]
    few = execute(
        plan([small_task], [dsm, nce], tmp_path / "a", preset="smoke"), tmp_path / "a", Reporter()
    )
    more = execute(
        plan([small_task], [nce, ssm, dsm], tmp_path / "b", preset="smoke"),
        tmp_path / "b",
        Reporter(),
    )
    for name in ("dsm", "nce"):
        assert by_method(few)[name].metrics == by_method(more)[name].metrics
        assert by_method(few)[name].run_id == by_method(more)[name].run_id


def test_an_interrupt_keeps_what_is_done_and_stops_the_workers(
    small_task: TaskCard, dsm: MethodCard, sabotage: Sabotage, tmp_path: Path
) -> None:
    class Interrupts(Reporter):
        def finished(self, job: Job, record: Record) -> None:
            raise KeyboardInterrupt

    request = plan([small_task], [dsm, sabotage("Sleeper")], tmp_path, preset="smoke")
    with pytest.raises(KeyboardInterrupt):
        execute(request, tmp_path, Interrupts(), workers=2)
    assert [record.method for record in read_records(tmp_path)] == ["dsm"]
    assert (tmp_path / "results.csv").is_file()


def test_progress_as_lines_and_as_events(
    small_task: TaskCard, dsm: MethodCard, tmp_path: Path
) -> None:
    lines, events = io.StringIO(), io.StringIO()
    execute(
        plan([small_task], [dsm], tmp_path, preset="smoke"), tmp_path, Lines(1, lines), workers=1
    )
    assert lines.getvalue().startswith("[1/1] 2d/two-moons × dsm seed 0: log-likelihood -")
    request = plan([small_task], [dsm], tmp_path, preset="smoke", force=True)
    execute(request, tmp_path, Events(events), workers=1)
    parsed = [json.loads(line) for line in events.getvalue().splitlines()]
    assert [event["event"] for event in parsed if event["event"] != "progress"] == [
        "started",
        "finished",
    ]
    assert parsed[-1]["metrics"]["log_likelihood"] < 0


def test_a_method_that_cannot_do_a_task_is_skipped_with_the_reason(tmp_path: Path) -> None:
    laplace, moons = catalog.tasks()["ica/laplace-4"], catalog.tasks()["2d/two-moons"]
    methods = catalog.methods()
    assert "twice differentiable" in str(reason_to_skip(Job(laplace, methods["sm"], 0, "smoke")))
    assert "ica tasks only" in str(reason_to_skip(Job(moons, methods["fastica"], 0, "smoke")))
    wine = catalog.tasks()["uci/wine"]
    assert "log Z" in str(reason_to_skip(Job(wine, methods["mle-exact"], 0, "smoke")))
    assert reason_to_skip(Job(moons, methods["mle-exact"], 0, "smoke")) is None
    request = plan([laplace], [methods["sm"], methods["nce"]], tmp_path, preset="smoke")
    records = execute(request, tmp_path, Reporter(), workers=1)
    assert by_method(records)["sm"].status is Status.SKIPPED
    assert by_method(records)["nce"].status is Status.OK


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seeds": 0}, "seeds is 0, allowed: at least 1"),
        ({"preset": "smok"}, "unknown preset 'smok'.*did you mean 'smoke'"),
        ({"data_dir": Path("/no/such/folder")}, "data folder '/no/such/folder' does not exist"),
        ({"device": "cuda"}, "no CUDA device"),
        ({"out": Path(__file__) / "here"}, "cannot be written to"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_runs(
    change: dict[str, object],
    sentence: str,
    small_task: TaskCard,
    dsm: MethodCard,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    request: dict[str, object] = {"out": tmp_path / "out", "preset": "smoke"} | change
    with pytest.raises(EbmbenchError, match=sentence):
        plan([small_task], [dsm], **request)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_folder_holds_one_preset(small_task: TaskCard, dsm: MethodCard, tmp_path: Path) -> None:
    execute(plan([small_task], [dsm], tmp_path, preset="smoke"), tmp_path, Reporter(), workers=1)
    with pytest.raises(EbmbenchError, match="never mixes presets"):
        plan([small_task], [dsm], tmp_path, preset="standard")


def test_more_workers_than_cores_are_refused(
    small_task: TaskCard, dsm: MethodCard, tmp_path: Path
) -> None:
    request = plan([small_task], [dsm], tmp_path, preset="smoke")
    with pytest.raises(EbmbenchError, match=f"at most the {executor.cores()} cores"):
        execute(request, tmp_path, Reporter(), workers=executor.cores() + 1)
    with pytest.raises(EbmbenchError, match="--jobs is 0"):
        execute(request, tmp_path, Reporter(), workers=0)
    with pytest.raises(EbmbenchError, match="--timeout is -1"):
        execute(request, tmp_path, Reporter(), workers=1, timeout=-1)


def test_bad_options_stop_before_any_run(
    small_task: TaskCard, dsm: MethodCard, tmp_path: Path
) -> None:
    wrong = dsm.model_copy(update={"hyperparameters": {"sigma": -1.0}})
    with pytest.raises(EbmbenchError, match=r"'dsm'.*sigma"):
        plan([small_task], [wrong], tmp_path, preset="smoke")
    with pytest.raises(EbmbenchError, match="--steps is -5"):
        plan([small_task], [dsm], tmp_path, preset="smoke", steps=-5)


def test_a_folder_holds_one_card_of_a_task(
    small_task: TaskCard, dsm: MethodCard, tmp_path: Path
) -> None:
    execute(plan([small_task], [dsm], tmp_path, preset="smoke"), tmp_path, Reporter(), workers=1)
    nce = catalog.methods()["nce"]
    with pytest.raises(
        EbmbenchError, match=r"two-moons with another card or other --steps or --set \(dsm"
    ):
        plan([small_task], [nce], tmp_path, preset="smoke", steps=9)
    assert len(plan([small_task], [dsm], tmp_path, preset="smoke", steps=9).run) == 1
