"""Claims on jobs, so that commands that share an output folder do each job once.

A command keeps one file alive, whose time it renews every few seconds. A claim on a job is a file
that names the command; it is made by linking, which one of several succeeds at also on a network
disk. A command whose process is gone, or whose file has not been renewed for a while by the clock
of the disk, has lost its claims. At worst, after a long standstill, a job is done twice, with the
same numbers.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from ebmbench.harness.held_up import signals_held_up
from ebmbench.harness.job import Job

FOLDER = ".claims"
BEAT = 5.0
"""Seconds between two signs of life."""
STALE = 60.0
"""Seconds without one, after which a command on another machine is taken for dead."""


class Claims:
    """The claims of one command on an output folder; a context that gives them back at its end."""

    def __init__(self, out: Path) -> None:
        self._folder = out / FOLDER
        self._token = uuid.uuid4().hex
        self._alive = self._folder / f"{self._token}.alive"
        self._held: set[Path] = set()
        self._ended = threading.Event()

    @property
    def sign(self) -> Path:
        """The file that is there as long as the command is."""
        return self._alive

    def __enter__(self) -> Claims:
        """Begin to give signs of life."""
        here = json.dumps(_here())
        with signals_held_up():
            self._folder.mkdir(exist_ok=True)
            self._alive.write_text(here, encoding="utf-8")
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back what is held."""
        self._ended.set()
        with signals_held_up():
            for path in [*self._held, self._alive]:
                path.unlink(missing_ok=True)
            # It stays while others are at work, and may be gone with the output folder.
            with suppress(OSError):
                self._folder.rmdir()

    def take(self, job: Job) -> bool:
        """Return whether the job is this command's now; if not, another one is at it."""
        path = self._path(job)
        # A command that ends in the midst would leave a claim that it does not know of.
        with signals_held_up():
            if path in self._held or self._link(path):
                self._held.add(path)
                return True
            if self._is_dead(path) and self._link(path):
                self._held.add(path)
                return True
            return False

    def release(self, job: Job) -> None:
        """Give a job back, once its record is written."""
        path = self._path(job)
        if path in self._held:
            with signals_held_up():
                path.unlink(missing_ok=True)
                self._held.discard(path)

    def _path(self, job: Job) -> Path:
        words = json.dumps([job.task.name, job.method.name, job.seed])
        return self._folder / f"{hashlib.sha256(words.encode()).hexdigest()[:24]}.claim"

    def _link(self, path: Path) -> bool:
        """Make a claim unless there is one."""
        fresh = self._folder / f"{uuid.uuid4().hex}.new"
        fresh.write_text(self._token, encoding="utf-8")
        try:
            os.link(fresh, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
                raise
            # A disk without links. Whoever reads the claim before the token is in it waits.
            return self._create(path)
        finally:
            fresh.unlink()
        return True

    def _create(self, path: Path) -> bool:
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self._token)
        except FileExistsError:
            return False
        return True

    def _is_dead(self, path: Path) -> bool:
        """Take a claim away whose owner is dead; return whether there is none any more."""
        owner = _read(path)
        if owner is None:
            return True
        # An owner that has not said its name yet gives its sign of life by the claim itself.
        if self._lives(self._folder / f"{owner}.alive" if owner else path):
            return False
        aside = self._folder / f"{uuid.uuid4().hex}.dead"
        try:
            path.rename(aside)
        except FileNotFoundError:
            return True
        if _read(aside) != owner:
            # Another command was quicker, and this is its new claim.
            aside.rename(path)
            return False
        aside.unlink()
        return True

    def _lives(self, alive: Path) -> bool:
        try:
            text = alive.read_text(encoding="utf-8")
            where = json.loads(text) if text else {}
            if where.get("place") == _here()["place"]:
                return _is_running(where)
            os.utime(self._alive)
            return self._alive.stat().st_mtime - alive.stat().st_mtime < STALE
        except (FileNotFoundError, AttributeError, ValueError):
            return False

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            try:
                os.utime(self._alive)
            except OSError:
                continue  # said by whoever writes a record next


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _here() -> dict[str, Any]:
    """Return where this process runs, so that another one of the same place can see it."""
    words = [socket.gethostname()]
    for source in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            found = Path(source)
            words.append(str(found.stat().st_ino) if "ns" in source else found.read_text().strip())
        except OSError:
            words.append("")
    process = psutil.Process()
    return {"place": words, "pid": process.pid, "began": process.create_time()}


def _is_running(where: Mapping[str, Any]) -> bool:
    try:
        began = psutil.Process(int(where["pid"])).create_time()
        return abs(began - float(where["began"])) < 1
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False
