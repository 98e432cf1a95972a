"""Claims on jobs: one at a time, given back, and taken from the dead and the silent only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType

import pytest

from ebmbench.errors import RunStopped
from ebmbench.files import version_of
from ebmbench.harness import claims
from ebmbench.harness.claims import FOLDER, STALE, Claims
from ebmbench.harness.executors import queue as queues
from ebmbench.harness.executors.queue import Queue
from ebmbench.harness.job import Job
from ebmbench.harness.record import failed_record
from ebmbench.harness.store import write_record
from ebmbench.records import Status


def test_one_command_at_a_time_has_a_job(small_job: Job, tmp_path: Path) -> None:
    other_job = replace(small_job, seed=1)
    with Claims(tmp_path) as first, Claims(tmp_path) as second:
        assert first.take(small_job)
        assert first.take(small_job)
        assert not second.take(small_job)
        assert second.take(other_job)
        second.release(small_job)
        assert not second.take(small_job)
        first.release(small_job)
        assert second.take(small_job)
        assert not first.take(small_job)
    assert not (tmp_path / FOLDER).exists()


def test_a_signal_in_the_midst_of_a_claim_leaves_nothing_behind(
    small_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended(BaseException):
        pass

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Ended

    link = os.link

    def signalled(source: Path, target: Path) -> None:
        link(source, target)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(os, "link", signalled)
    before = signal.signal(signal.SIGTERM, end)
    try:
        with pytest.raises(Ended), Claims(tmp_path) as mine:
            mine.take(small_job)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not (tmp_path / FOLDER).exists()


TAKER = """
import sys, time
from pathlib import Path
from ebmbench import catalog
from ebmbench.harness.claims import Claims
from ebmbench.harness.job import Job
job = Job(catalog.tasks()["2d/two-moons"], catalog.methods()["dsm"], 0, "smoke")
with Claims(Path(sys.argv[1])) as mine:
    print(mine.take(job), flush=True)
    time.sleep(60)
"""


def test_the_claims_of_a_process_that_was_killed_are_free(small_job: Job, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TAKER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with Claims(tmp_path) as mine:
            assert not mine.take(small_job)
            other.kill()
            other.wait()
            assert mine.take(small_job)


@pytest.mark.parametrize(("silent", "free"), [(STALE / 2, False), (STALE * 2, True)])
def test_a_command_on_another_machine_is_dead_when_it_was_silent_for_long(
    silent: float, free: bool, small_job: Job, tmp_path: Path
) -> None:
    with Claims(tmp_path) as there, Claims(tmp_path) as here:
        assert there.take(small_job)
        (alive,) = [
            path
            for path in (tmp_path / FOLDER).glob("*.alive")
            if path.stem == next((tmp_path / FOLDER).glob("*.claim")).read_text()
        ]
        where = json.loads(alive.read_text())
        alive.write_text(json.dumps(where | {"place": ["another machine"]}))
        past = time.time() - silent
        os.utime(alive, (past, past))
        assert here.take(small_job) == free


def test_a_sign_of_life_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BEAT", 0.01)
    with Claims(tmp_path):
        (alive,) = (tmp_path / FOLDER).glob("*.alive")
        os.utime(alive, (0, 0))
        deadline = time.monotonic() + 30
        while alive.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert alive.stat().st_mtime > 0


def test_a_disk_without_links_will_do(
    small_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuses)
    with Claims(tmp_path) as first, Claims(tmp_path) as second:
        assert first.take(small_job)
        assert not second.take(small_job)


def test_what_another_command_does_is_waited_for_and_not_done_again(
    small_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "PAUSE", 0.0)
    other_job = replace(small_job, seed=1)
    with Claims(tmp_path) as others, Queue([small_job, other_job], tmp_path, {}) as queue:
        assert others.take(small_job)
        assert queue.take() == (other_job, None)
        assert queue.take() is None
        assert queue.left
        record = failed_record(small_job, Status.FAILED, "no luck", contended=True)
        write_record(record, tmp_path)
        others.release(small_job)
        taken = queue.take()
        assert taken is not None
        assert taken[0] == small_job
        assert taken[1] is not None
        assert taken[1].message == "no luck"
        assert not queue.left


def test_a_record_that_was_there_before_does_not_count(small_job: Job, tmp_path: Path) -> None:
    write_record(failed_record(small_job, Status.FAILED, "before", contended=True), tmp_path)
    path = small_job.path(tmp_path)
    with Queue([small_job], tmp_path, {path: version_of(path)}) as queue:
        assert queue.take() == (small_job, None)


def test_a_folder_that_is_gone_or_another_one_stops_a_run(small_job: Job, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with Queue([small_job], out, {}) as queue:
        queue.look()
        out.rename(tmp_path / "away")
        with pytest.raises(RunStopped, match="was removed or replaced"):
            queue.look()
        out.mkdir()
        with pytest.raises(RunStopped, match="was removed or replaced"):
            queue.look()
