"""Where a fault happens: a small grid, and its command as a process that begins at once.

The command is forked from a process that has torch loaded and shares its fork server, so that a
trial takes seconds. Only the worker of dask is started cold.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import forkserver, get_context
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from ebmbench import cli
from ebmbench.report import write

PATIENCE = 400.0
"""Seconds after which a command that should have ended hangs."""
TASK = """\
name = "rows"
version = 1
title = "Rows"
family = "table"
summary = "Made up."
licence = "none"
preprocessing = "none"
[data]
loader = "csv"
[data.options]
path = "rows.csv"
[energy]
kind = "mlp"
[energy.options]
hidden = [16]
activation = "silu"
[budget]
smoke = { steps = 40, batch = 32 }
standard = { steps = 40, batch = 32 }
full = { steps = 40, batch = 32 }
[metrics]
names = ["hyvarinen_score"]
log_z = "quadrature"
tolerance = 0.01
[citation]
text = "Made up"
"""
METHOD = """\
name = "breaks"
version = 1
title = "Breaks"
family = "score matching"
summary = "Breaks at a step."
equation = "x"
assumptions = "none"
objective = "chaos_objective:Breaks"
[citation]
text = "Made up"
"""
OBJECTIVE = '''\
"""An objective that breaks at a step, in one of three ways."""

import ctypes
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch
from ebmbench.objectives.base import Objective, State, Step, StepCost
from ebmbench.options import options


@dataclass(frozen=True)
class Made(State):
    steps: int = 0


@options
class Breaks(Objective[Made]):
    at: int = 1
    mode: Literal["number", "memory", "hang"] = "number"

    needs_smooth_energy: ClassVar[bool] = False
    needs_log_z: ClassVar[bool] = False

    def init(self, energy, data, generator):
        return Made()

    def loss(self, energy, batch, state, generator):
        loss = energy(batch).square().mean()
        # The rehearsal does not count.
        if state.steps == self.at:
            if self.mode == "number":
                loss = loss * float("nan")
            elif self.mode == "memory":
                pages = int(Path("/proc/self/statm").read_text().split()[0])
                limit = pages * resource.getpagesize() + (1 << 26)
                resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
                torch.ones(1 << 28)
            else:
                ctypes.PyDLL(None).sleep(600)
        return Step(loss, Made(state.steps + 1))

    def cost(self, dim):
        return StepCost(energy=1.0)
'''


WORKER = (
    "ebmbench.harness.run", "ebmbench.datasets.csv_table", "ebmbench.objectives.dsm",
    "ebmbench.objectives.nce", "ebmbench.energies.mlp", "ebmbench.metrics.fisher",
)  # fmt: skip
"""What a worker imports for the grid."""
COMMAND = (
    "ebmbench.harness.grid", "ebmbench.harness.forecast", "ebmbench.report.write",
    "ebmbench.cli.run_verb", "ebmbench.cli.report_verb", "ebmbench.cli.check_verb",
    "ebmbench.cli.score_verb", "scipy.stats", "pandas",
)  # fmt: skip
"""What the commands import."""


def warm() -> None:
    """Load what commands and workers import, and start the fork server."""
    get_context("forkserver").set_forkserver_preload(list(WORKER))
    forkserver.ensure_running()
    for name in (*WORKER, *COMMAND):
        import_module(name)
    # Pictures take most of the time of such small grids and are functions of the records.
    vars(write).update(draw_boards=lambda *_: [], draw_selection=lambda _: None)


def workers() -> list[psutil.Process]:
    """Return the workers that the fork server has started and that live."""
    server = psutil.Process(_server()._forkserver_pid)
    return [each for each in server.children() if each.status() != psutil.STATUS_ZOMBIE]


def _server() -> Any:
    return forkserver._forkserver


def furnish(folder: Path) -> None:
    """Write the cards and rows of a trial."""
    folder.mkdir(parents=True)
    rows = np.random.default_rng(0).normal(size=(240, 3)) @ np.array(
        [[1.0, 0.5, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]]
    )
    lines = [",".join(f"{value:.6f}" for value in row) for row in rows]
    (folder / "rows.csv").write_text("\n".join(["a,b,c", *lines]) + "\n", encoding="utf-8")
    (folder / "rows.toml").write_text(TASK, encoding="utf-8")
    (folder / "breaks.toml").write_text(METHOD, encoding="utf-8")
    (folder / "chaos_objective.py").write_text(OBJECTIVE, encoding="utf-8")


@dataclass
class Command:
    """A command under way."""

    pid: int
    log: Path
    began: float

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def wait(self, seconds: float = PATIENCE) -> int | None:
        """Return its exit status, minus the number of a signal; ``None``: it hangs, now killed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None

    @property
    def said(self) -> str:
        """What it has written to both streams."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def start(
    words: Sequence[str], folder: Path, before: Callable[[], object] = lambda: None
) -> Command:
    """Begin a command of ebmbench in a folder.

    Arguments:
        words: of the command line.
        folder: where it runs; what it says goes to ``log`` in there.
        before: called in the new process first.
    """
    log = folder / "log"
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _become(words, folder, log, before)
    return Command(pid, log, time.monotonic())


def _become(words: Sequence[str], folder: Path, log: Path, before: Callable[[], object]) -> None:
    status = 70
    try:
        os.setsid()
        os.chdir(folder)
        stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        # The server is the parent's, and there.
        _server().ensure_running = forkserver.ensure_running = lambda: None
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        before()
        sys.argv = ["ebmbench", *words]
        cli.main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for each in (sys.stdout, sys.stderr):
            try:
                each.flush()
            except OSError:
                continue
        os._exit(status)
