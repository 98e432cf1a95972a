"""The jobs of a request, each handed out once though other commands share the output folder."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType

from ebmbench.errors import RunStopped
from ebmbench.files import version_of
from ebmbench.harness.claims import Claims
from ebmbench.harness.job import Job
from ebmbench.records import Record, read_record

PAUSE = 1.0
"""Seconds between two looks at jobs that another command is at."""


class Queue:
    """A context in which jobs are taken and, once their records are written, given back.

    Arguments:
        jobs: in the order in which they are wanted.
        out: the output folder.
        seen: version of the record that lay at a path when the request was planned.
    """

    def __init__(
        self, jobs: Iterable[Job], out: Path, seen: Mapping[Path, tuple[int, ...] | None]
    ) -> None:
        self._waiting = deque(jobs)
        self._elsewhere: list[Job] = []
        self._out = out
        self._seen = seen
        self._claims = Claims(out)
        self._looked = 0.0
        self._place = _place(out)

    def __enter__(self) -> Queue:
        """Begin to claim jobs."""
        self._claims.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back what was taken."""
        self._claims.__exit__(kind, error, trace)

    @property
    def sign(self) -> Path:
        """A file of the output folder by which another machine sees that it has the same disk."""
        return self._claims.sign.absolute()

    @property
    def left(self) -> bool:
        """Whether there are jobs that nobody was handed yet."""
        return bool(self._waiting or self._elsewhere)

    def take(self) -> tuple[Job, Record | None] | None:
        """Return a job that is to be run now, or one with the record that another command wrote.

        Returns:
            ``None``: other commands are at all that is left.
        """
        if self._elsewhere and time.monotonic() - self._looked > PAUSE:
            self._waiting.extend(self._elsewhere)
            self._elsewhere = []
        while self._waiting:
            job = self._waiting.popleft()
            if not self._claims.take(job):
                self._elsewhere.append(job)
                self._looked = time.monotonic()
                continue
            path = job.path(self._out)
            if version_of(path) in (None, self._seen.get(path)):
                return job, None
            record = read_record(path)
            if record.run_id != job.run_id:
                return job, None
            self.done(job)
            return job, record
        return None

    def done(self, job: Job) -> None:
        """Give back a job whose record is written."""
        self._claims.release(job)

    def look(self) -> None:
        """See whether the output folder is still there.

        Raises:
            RunStopped: it is gone, or another folder lies in its place.
        """
        if _place(self._out) != self._place:
            raise RunStopped(
                f"output folder {str(self._out)!r} was removed or replaced while runs were "
                "writing to it"
            )


def _place(out: Path) -> tuple[int, int] | None:
    try:
        status = out.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
