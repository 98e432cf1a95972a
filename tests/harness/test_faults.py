"""What goes wrong around a run: the disk, the folder, the worker, the scheduler, a signal."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from ebmbench import catalog
from ebmbench.cards import MethodCard, TaskCard
from ebmbench.errors import EbmbenchError, RunStopped
from ebmbench.harness import store
from ebmbench.harness.executors.child import death_record
from ebmbench.harness.grid import MOST_SEEDS, execute, plan
from ebmbench.harness.job import Job
from ebmbench.harness.progress import Reporter
from ebmbench.records import Record, Status, read_records

Sabotage = Callable[[str], MethodCard]

EXITS_WELL = """
@options
class ExitsWell(_Base):
    def act(self):
        os._exit(0)
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "without an error, as os._exit(0) does"),
        (7, "exit code 7"),
        (-signal.SIGSEGV, "the signal SIGSEGV"),
        (-signal.SIGKILL, "as the kernel does when memory runs out"),
    ],
)
def test_how_a_worker_ended_is_called_what_it_is(code: int, words: str, small_job: Job) -> None:
    assert words in death_record(small_job, code, contended=False).message


def test_a_worker_that_leaves_in_silence_does_not_pass_for_its_forerunner(
    small_task: TaskCard, sabotage: Sabotage, tmp_path: Path
) -> None:
    card = sabotage("ExitsWell")
    assert card.folder is not None
    path = card.folder / "sabotage_objectives.py"
    honest = path.read_text() + textwrap.dedent(EXITS_WELL)
    path.write_text(honest.replace("os._exit(0)", "pass"))
    out = tmp_path / "out"
    (good,) = execute(plan([small_task], [card], out, preset="smoke"), out, Reporter(), workers=1)
    assert good.status is Status.OK, good.message
    path.write_text(honest)
    request = plan([small_task], [card], out, preset="smoke")
    (record,) = execute(request, out, Reporter(), workers=1)
    assert record.status is Status.FAILED
    assert "os._exit(0)" in record.message


class Removes(Reporter):
    """Takes the output folder away once a run has ended."""

    def __init__(self, out: Path, what: str) -> None:
        self._path = out / what

    def finished(self, job: Job, record: Record) -> None:
        shutil.rmtree(self._path, ignore_errors=True)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [("", "was removed or replaced"), ("runs", "records are gone from output folder")],
)
def test_a_folder_that_vanishes_ends_a_run_with_a_sentence(
    what: str, sentence: str, small_task: TaskCard, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    methods = [catalog.methods()["gaussian"], catalog.methods()["kde"]]
    request = plan([small_task], methods, out, preset="smoke")
    with pytest.raises(RunStopped, match=sentence) as stopped:
        execute(request, out, Removes(out, what), workers=1)
    assert stopped.value.status == 1


def test_a_full_disk_ends_a_run_with_a_sentence(
    small_task: TaskCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    cards = [catalog.methods()["gaussian"], catalog.methods()["mle-exact"]]
    wine = catalog.tasks()["ica/laplace-4"]
    # The second is skipped, which the parent writes.
    request = plan([wine], [*cards, catalog.methods()["sm"]], tmp_path, preset="smoke")
    monkeypatch.setattr(store, "write_atomically", full)
    with pytest.raises(RunStopped, match="cannot be written to any more: No space left on device"):
        execute(request, tmp_path, Reporter(), workers=1)


@pytest.mark.parametrize("seeds", [MOST_SEEDS + 1, 99_999_999_999])
def test_seeds_without_number_are_refused_at_once(
    seeds: int, small_task: TaskCard, tmp_path: Path
) -> None:
    with pytest.raises(EbmbenchError, match=f"seeds is {seeds}, allowed: at most {MOST_SEEDS}"):
        plan([small_task], [catalog.methods()["dsm"]], tmp_path, preset="smoke", seeds=seeds)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_stops_a_run_in_order(name: str, tmp_path: Path) -> None:
    number = getattr(signal, name)
    command = [
        sys.executable, "-m", "ebmbench", "run", "--methods", "gaussian,dsm", "--tasks",
        "2d/two-moons", "--preset", "smoke", "--steps", "1000000", "--jobs", "1", "--out", "o",
    ]  # fmt: skip
    # A suite under `nohup` ignores SIGHUP, and so would what it starts.
    heeding = signal.signal(number, signal.SIG_DFL)
    try:
        run = subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        )
    finally:
        signal.signal(number, heeding)
    with run:
        assert run.stdout is not None
        first = run.stdout.readline()
        while first and "gaussian" not in first:
            first = run.stdout.readline()
        # In a locale that has no sign for it.
        assert "2d/two-moons ? gaussian seed 0" in first
        run.send_signal(number)
        try:
            _, err = run.communicate(timeout=120)
        finally:
            run.kill()
    assert run.returncode == 128 + number
    assert err == f"ebmbench: stopped by {name}; finished runs are kept\n"
    assert [record.method for record in read_records(tmp_path / "o")] == ["gaussian"]
    assert not (tmp_path / "o/.claims").exists()


def test_a_process_whose_parent_is_gone_ends(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(
        "import os, time\n"
        "from ebmbench.harness.executors.child import belong\n"
        "def wait():\n"
        "    belong()\n"
        "    print(os.getpid(), flush=True)\n"
        "    time.sleep(600)\n"
    )
    middle = (
        "import time, long; from ebmbench.harness.executors.child import start; "
        "start(long.wait); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", middle], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as parent:
        assert parent.stdout is not None
        orphan = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        orphan.wait(timeout=60)
