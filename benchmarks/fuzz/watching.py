"""Watching what an input does: how it ends, how long it takes, what it writes and starts."""

from __future__ import annotations

import os
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from ebmbench.errors import EbmbenchError
from ebmbench.plain import STEERING

LONGEST = 300
"""Characters of a sentence, the path of the folder where an input lies not counted."""
SECONDS = 60.0
"""On the clock, after which an input hangs; a valid one takes well under one."""
ROOM = 64 << 20
"""Bytes of resident memory that are no growth: caches, and the allocator's slack."""
OWN = f"/proc/{os.getpid()}/clear_refs"
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.connect")


class Hang(BaseException):
    """An input that takes too long."""


_watching: list[Watch] = []
"""The one that an input is being tried for, if any."""


@dataclass
class Watch:
    """Counts over the inputs of one kind."""

    inside: Path
    """The only folder that may be written to."""
    inputs: int = 0
    taken: int = 0
    """Inputs that were valid all the same."""
    refused: int = 0
    tracebacks: int = 0
    hangs: int = 0
    outside: int = 0
    """Files written elsewhere, and processes and connections begun."""
    long: int = 0
    """Sentences above 300 characters, of several lines, or with control characters."""
    grown: int = 0
    """Resident bytes at most, beyond what valid inputs take."""
    findings: dict[str, bytes] = field(default_factory=dict)
    """An input for each thing that was found, by what it is."""

    def __post_init__(self) -> None:
        self._seen: list[str] = []

    def try_input(self, content: bytes, use: Callable[[bytes], object]) -> None:
        """Use an input, and count how that ends."""
        self.inputs += 1
        signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        _watching.append(self)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                use(content)
            self.taken += 1
        except EbmbenchError as error:
            self.refused += 1
            self._judge(str(error), content)
        except Hang:
            self.hangs += 1
            self.findings.setdefault("hangs", content)
        except BaseException as error:
            self.tracebacks += 1
            where = traceback.extract_tb(error.__traceback__)
            ours = [f for f in where if "/ebmbench/" in f.filename][-1:] or where[-1:]
            place = f"{Path(ours[0].filename).name}:{ours[0].lineno}"
            self.findings.setdefault(f"{type(error).__name__} at {place}", content)
        finally:
            _watching.clear()
            signal.setitimer(signal.ITIMER_REAL, 0)
        for what in self._seen:
            self.outside += 1
            self.findings.setdefault(what, content)
        self._seen.clear()

    def _judge(self, sentence: str, content: bytes) -> None:
        counted = sentence.replace(str(self.inside), "")
        if len(counted) > LONGEST or "\n" in sentence or STEERING.search(sentence):
            self.long += 1
            self.findings.setdefault(f"long: {sentence[:100]!r}", content)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note what an input does to the world, by an event of Python's audit."""
        if event in STARTS:
            self._seen.append(f"{event} {arguments[:2]!r}"[:200])
        elif event == "open" and isinstance(arguments[0], str | bytes):
            flags = arguments[2] if isinstance(arguments[2], int) else 0
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._refuse_outside(os.fsdecode(arguments[0]))
        elif event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink"):
            for path in arguments[:2]:
                if isinstance(path, str | bytes | os.PathLike):
                    self._refuse_outside(os.fsdecode(path))

    def _refuse_outside(self, name: str) -> None:
        path = Path(name).resolve()
        # Of its own process only what is said of its memory.
        allowed = path.is_relative_to(self.inside) or str(path) in (os.devnull, OWN)
        if not allowed and "__pycache__" not in path.parts:
            self._seen.append(f"wrote {path}"[:200])

    @property
    def faults(self) -> int:
        """All that should be zero."""
        return self.tracebacks + self.hangs + self.outside + self.long + int(self.grown > 0)


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise Hang


def resident_peak() -> int:
    """Return the highest resident memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    for watch in _watching:
        watch.hear(event, arguments)


# There is no way to take a hook out again, so there is one for all.
sys.addaudithook(_hear)
