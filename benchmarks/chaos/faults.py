"""The faults, each as one trial: it happens at a random moment, and the command is repeated.

A trial is a function of a :class:`Trial`. What it returns is judged: the standing of the folder
after the fault, or ``None`` where the fault itself took or spoiled records. Where a status or a
sentence is expected, another one counts as a traceback does.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.judge import TRACE, Standing, Tally, standing
from benchmarks.chaos.stage import Command, start, workers
from ebmbench.records import Status

METHODS = "dsm,nce"
RUN = (
    "run", "--methods", METHODS, "--tasks", "./rows.toml", "--preset", "smoke", "--seeds", "2",
    "--checkpoint", "0.02", "--jobs", "2", "--out", "out",
)  # fmt: skip
SOON = 15.0
"""Seconds in which workers without a parent must be gone."""


@dataclass
class Trial:
    """One fault in one folder."""

    folder: Path
    random: random.Random
    seconds: float
    """That the grid takes without a fault."""
    clean: Standing
    tally: Tally

    @property
    def out(self) -> Path:
        """The output folder."""
        return self.folder / "out"

    def moment(self) -> None:
        """Wait for a random moment of the grid."""
        time.sleep(self.random.uniform(0.0, self.seconds))

    def begin(self, *words: str, before: Callable[[], object] = lambda: None) -> Command:
        """Begin the grid, or another command."""
        return start(words or RUN, self.folder, before)

    def end(self, command: Command, *allowed: int) -> None:
        """Wait for a command, and count one that hangs, ends otherwise, or in a traceback."""
        status = command.wait()
        said = command.said
        if TRACE in said or status not in allowed:
            self.tally.tracebacks += 1
            last = said.strip().splitlines()[-1:] or ["nothing"]
            self.tally.words.append(f"status {status}, allowed {allowed}: {last[0][:200]}")

    def no_orphans(self) -> None:
        """Count workers that outlive their command."""
        deadline = time.monotonic() + SOON
        while (left := workers()) and time.monotonic() < deadline:
            time.sleep(0.05)
        for each in left:
            self.tally.tracebacks += 1
            self.tally.words.append(f"worker {each.pid} outlives its command")
            each.kill()

    def finish(self) -> None:
        """Run the grid without a fault."""
        self.end(self.begin(), 0)


def killed_parent(trial: Trial) -> Standing | None:
    """Kill the command."""
    command = trial.begin()
    trial.moment()
    command.signal(signal.SIGKILL)
    trial.end(command, -signal.SIGKILL, 0)
    trial.no_orphans()
    return standing(trial.out)


def killed_worker(trial: Trial) -> Standing | None:
    """Kill a worker of this machine; its record says so, and the next call runs it again."""
    command = trial.begin()
    trial.moment()
    for each in trial.random.sample(workers(), k=min(1, len(workers()))):
        each.kill()
    trial.end(command, 0, 1)
    return standing(trial.out)


def terminated(trial: Trial) -> Standing | None:
    """Ask the command to end."""
    command = trial.begin()
    trial.moment()
    command.signal(signal.SIGTERM)
    trial.end(command, 128 + signal.SIGTERM, -signal.SIGTERM, 0)
    trial.no_orphans()
    return standing(trial.out)


def interrupted_twice(trial: Trial) -> Standing | None:
    """Press Ctrl-C twice."""
    command = trial.begin()
    trial.moment()
    command.signal(signal.SIGINT)
    time.sleep(trial.random.uniform(0.0, 0.3))
    command.signal(signal.SIGINT)
    trial.end(command, 130, 0)
    trial.no_orphans()
    return standing(trial.out)


@contextmanager
def _disk(trial: Trial, size: str) -> Iterator[None]:
    trial.out.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={size}", "none", str(trial.out))
    try:
        yield
    finally:
        # What stands on it outlives the disk.
        copy = trial.folder / "copy"
        shutil.copytree(trial.out, copy)
        subprocess.run(["umount", "-l", str(trial.out)], check=True)
        trial.out.rmdir()
        copy.rename(trial.out)


def _mount(*words: str) -> bool:
    return (
        subprocess.run(["mount", *words], check=False, stderr=subprocess.DEVNULL).returncode == 0
    )


def full_disk(trial: Trial) -> Standing | None:
    """Give the command a disk that is too small for it, and then room."""
    with _disk(trial, f"{trial.random.randint(8, 60) * 4}k"):
        trial.end(trial.begin(), 0, 1, 2)
        found = standing(trial.out)
        _mount("-o", "remount,size=64m", str(trial.out))
        trial.finish()
    return Standing(found.records, {}, found.corrupt)


def read_only(trial: Trial) -> Standing | None:
    """Take the right to write away while the command runs, and give it back."""
    with _disk(trial, "64m"):
        command = trial.begin()
        trial.moment()
        for _ in range(200):
            if _mount("-o", "remount,ro", str(trial.out)):
                break
            time.sleep(0.005)
        trial.end(command, 0, 1, 2)
        found = standing(trial.out)
        _mount("-o", "remount,rw", str(trial.out))
        trial.finish()
    return Standing(found.records, {}, found.corrupt)


def vanished_folder(trial: Trial) -> Standing | None:
    """Take the output folder away while the command runs."""
    command = trial.begin()
    trial.moment()
    with suppress(OSError):
        trial.out.rename(trial.folder / "gone")
    trial.end(command, 0, 1, 2)
    return None


def spoiled_record(trial: Trial) -> Standing | None:
    """Damage a record, or put a stranger's in its place; each verb must end in a sentence."""
    trial.finish()
    path = trial.random.choice(sorted((trial.out / "runs").rglob("seed-*.json")))
    content = path.read_bytes()
    other = trial.random.choice(sorted((trial.out / "runs").rglob("seed-*.json")))
    place = trial.random.randrange(len(content))
    spoiled = trial.random.choice([
        content[:place],
        content[:place] + bytes([trial.random.randrange(256)]) + content[place + 1 :],
        trial.random.randbytes(trial.random.randrange(400)),
        other.read_bytes(),
        b'{"schema_version": 999}',
        b"[" * 100_000,
    ])  # fmt: skip
    path.write_bytes(spoiled)
    for words in (("report", "out", "--no-site"), ("check", "out"), RUN):
        trial.end(trial.begin(*words), 0, 1, 2)
    path.unlink()
    return None


def torn_weights(trial: Trial) -> Standing | None:
    """Damage weights: `check` must say so; a run that is told to begin anew mends it."""
    trial.finish()
    path = trial.random.choice(sorted((trial.out / "runs").rglob("*.safetensors")))
    content = path.read_bytes()
    place = trial.random.randrange(len(content))
    flipped = content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :]
    path.write_bytes(trial.random.choice([content[:place], flipped, b""]))
    trial.end(trial.begin("check", "out"), 1, 2)
    for words in (("report", "out", "--no-site"), ("score", "out"), ("check", "out", "--rescore")):
        trial.end(trial.begin(*words), 0, 1, 2)
    shutil.rmtree(trial.out)
    return None


def truncated_data(trial: Trial) -> Standing | None:
    """Cut the table under a card in the midst of the grid."""
    path = trial.folder / "rows.csv"
    content = path.read_bytes()
    command = trial.begin()
    trial.moment()
    path.write_bytes(content[: trial.random.randrange(len(content))])
    trial.end(command, 0, 1, 2)
    trial.end(trial.begin(), 0, 1, 2)
    path.write_bytes(content)
    return None


def _broken(trial: Trial, mode: str, status: Status, *words: str) -> Standing | None:
    step = trial.random.randint(1, 39)
    run = [word if word != METHODS else f"{METHODS},./breaks.toml" for word in RUN]
    command = trial.begin(
        *run, *words, "--set", f"breaks.at={step}", "--set", f"breaks.mode={mode}"
    )
    trial.end(command, 1)
    found = standing(trial.out)
    ended = [r.status for r in found.records.values() if r.method.startswith("breaks")]
    if ended != [status, status]:
        trial.tally.lost += 1
        trial.tally.words.append(f"ended as {', '.join(ended)}; expected: {status}")
    return found


def not_a_number(trial: Trial) -> Standing | None:
    """Let the loss of one method be no number from a random step on."""
    return _broken(trial, "number", Status.DIVERGED)


def memory_limit(trial: Trial) -> Standing | None:
    """Let one method ask for more memory than its process may have."""
    return _broken(trial, "memory", Status.OUT_OF_MEMORY)


def hung(trial: Trial) -> Standing | None:
    """Let one method hang in native code that holds Python's lock."""
    return _broken(trial, "hang", Status.TIMEOUT, "--timeout", "8")


def clock_jump(trial: Trial) -> Standing | None:
    """Let the clock and the signs of life jump by hours while the command runs, then kill it."""
    jump = trial.random.choice([-1, 1]) * trial.random.uniform(600, 1e6)
    true = time.time

    def turn() -> None:
        began = time.monotonic()
        at = trial.random.uniform(0.0, trial.seconds)
        time.time = lambda: true() + (jump if time.monotonic() - began > at else 0.0)

    command = trial.begin(before=turn)
    trial.moment()
    for path in trial.out.rglob("*"):
        with suppress(OSError):
            os.utime(path, (true() + jump, true() + jump))
    if trial.random.random() < 0.5:
        command.signal(signal.SIGKILL)
    trial.end(command, 0, -signal.SIGKILL)
    trial.no_orphans()
    return standing(trial.out)
