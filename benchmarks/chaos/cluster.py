"""Clusters of dask whose parts die or are cut off at a random moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import psutil

from benchmarks.chaos.faults import Trial
from benchmarks.chaos.judge import Standing, standing
from benchmarks.chaos.stage import Command, start

RUN = (
    "run", "--methods", "dsm,gaussian", "--tasks", "./rows.toml", "--preset", "smoke",
    "--seeds", "1", "--checkpoint", "0.02", "--out", "out", "--executor", "dask", "--scheduler",
)  # fmt: skip
SILENCE = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s"}
"""After which dask takes a connection for cut: 30 s unless told otherwise, and 11 s at least."""
SOON = 60.0
"""Seconds in which no run of a worker may be left."""
NETWORKS = ("ebmchaos-s", "ebmchaos-w")
"""Network namespaces: of the scheduler, which has a worker too, and of the other worker."""
LINKS = ("ebmchaos-c", "ebmchaos-x")
"""Their cables' near ends: from the command to the scheduler, and on to the other worker."""
ADDRESSES = ("10.213.77.1", "10.213.77.2"), ("10.213.78.1", "10.213.78.2")
"""Of both ends of each cable."""


@dataclass
class Cluster:
    """A scheduler and workers, each in a process with a nanny; a context.

    Arguments:
        folder: where it leaves word of its address.
        networks: namespace of the scheduler and of each worker; ``None``: this one.
        host: the scheduler's address in its network.
    """

    folder: Path
    networks: Sequence[str | None] = (None, None, None)
    host: str = "127.0.0.1"
    address: str = ""
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start all parts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / "scheduler.json"
        place.unlink(missing_ok=True)
        here, *others = self.networks
        self._start(here, "scheduler", "--port", "0", "--host", self.host)
        while not place.is_file():
            time.sleep(0.05)
        self.address = json.loads(place.read_text())["address"]
        for network in others:
            self._start(network, "worker", "--nthreads", "1")
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what is left of it."""
        for process in reversed(self._started):
            if process.poll() is None:
                for each in psutil.Process(process.pid).children(recursive=True):
                    each.kill()
                process.kill()
            process.wait()
        self._started.clear()

    def _start(self, network: str | None, part: str, *words: str) -> None:
        command = [sys.executable, "-m", f"distributed.cli.dask_{part}", *words]
        command += ["--no-dashboard", "--scheduler-file", str(self.folder / "scheduler.json")]
        inside = ["ip", "netns", "exec", network] if network else []
        self._started.append(
            subprocess.Popen(
                [*inside, *command],
                cwd=self.folder,
                stderr=subprocess.DEVNULL,
                env=os.environ | SILENCE,
            )
        )

    def kill_scheduler(self) -> None:
        """Kill it; its workers notice."""
        self._started[0].kill()

    def workers(self) -> list[psutil.Process]:
        """Return what the nannies have started and what works, not the tracker of semaphores."""
        found = []
        for nanny in self._started[1:]:
            for each in psutil.Process(nanny.pid).children(recursive=True):
                if "spawn_main" in " ".join(_words(each)):
                    found.append(each)
        return found


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _runs(folder: Path) -> list[psutil.Process]:
    """Return the runs of workers that were started below a folder."""
    found = []
    for each in psutil.process_iter():
        with suppress(psutil.Error):
            chain = each, each.parent()
            if all(one and "forkserver" in " ".join(one.cmdline()) for one in chain):
                found += [each] if Path(each.cwd()).is_relative_to(folder) else []
    return found


def _no_runs(trial: Trial) -> None:
    """Count runs that go on though the command that asked for them has ended."""
    deadline = time.monotonic() + SOON
    while (left := _runs(trial.folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    for each in left:
        trial.tally.tracebacks += 1
        trial.tally.words.append(f"run {each.pid} outlives its command")
        each.kill()


@contextmanager
def begun(folder: Path) -> Iterator[Command]:
    """Begin the grid on a cluster, without a fault."""
    with Cluster(folder / "cluster") as cluster:
        yield start((*RUN, cluster.address), folder)


def killed_worker(trial: Trial) -> Standing | None:
    """Kill a worker of dask, not its nanny: the scheduler hands its runs to another one."""
    with Cluster(trial.folder / "cluster") as cluster:
        command = trial.begin(*RUN, cluster.address)
        trial.moment()
        found = cluster.workers()
        for each in trial.random.sample(found, k=min(1, len(found))):
            each.kill()
        trial.end(command, 0, 1)
        _no_runs(trial)
        left = standing(trial.out)
        trial.end(trial.begin(*RUN, cluster.address), 0)
    return left


def killed_scheduler(trial: Trial) -> Standing | None:
    """Kill the scheduler; the same command goes on with another one."""
    with Cluster(trial.folder / "cluster") as cluster:
        command = trial.begin(*RUN, cluster.address)
        trial.moment()
        cluster.kill_scheduler()
        trial.end(command, 0, 1, 2)
        _no_runs(trial)
    left = standing(trial.out)
    with Cluster(trial.folder / "cluster") as cluster:
        trial.end(trial.begin(*RUN, cluster.address), 0)
    return left


def two_schedulers(trial: Trial) -> Standing | None:
    """Give the command to two clusters at once and kill one of the schedulers."""
    with Cluster(trial.folder / "one") as one, Cluster(trial.folder / "two") as two:
        ends = trial.begin(*RUN, one.address)
        stays = trial.begin(*RUN, two.address)
        trial.moment()
        one.kill_scheduler()
        trial.end(ends, 0, 1, 2)
        trial.end(stays, 0)
        _no_runs(trial)
        left = standing(trial.out)
        trial.end(trial.begin(*RUN, two.address), 0)
    return left


def cut_connection(trial: Trial) -> Standing | None:
    """Pull a cable for a while or for good: of the command, or of one of two workers."""
    with ExitStack() as stack:
        stack.enter_context(_networks())
        where = (NETWORKS[0], NETWORKS[0], NETWORKS[1])
        folder = trial.folder / "cluster"
        cluster = stack.enter_context(Cluster(folder, where, host=ADDRESSES[0][1]))
        command = trial.begin(*RUN, cluster.address, before=_impatient)
        trial.moment()
        which = trial.random.randrange(2)
        _pull(which)
        if trial.random.random() < 0.5:
            time.sleep(trial.random.uniform(0.0, 4.0))
            _plug(which)
        trial.end(command, 0, 1, 2)
        _plug(which)
        _no_runs(trial)
        left = standing(trial.out)
        trial.end(trial.begin(*RUN, cluster.address), 0)
    return left


def _impatient() -> None:
    os.environ.update(SILENCE)


@contextmanager
def _networks() -> Iterator[None]:
    """Lay the two cables."""
    _remove_networks()
    here, there = ADDRESSES
    try:
        for network in NETWORKS:
            _ip("netns", "add", network)
            _ip("-n", network, "link", "set", "lo", "up")
        _ip("link", "add", LINKS[0], "type", "veth", "peer", "name", "far", "netns", NETWORKS[0])
        _ip("-n", NETWORKS[0], "link", "add", LINKS[1], "type", "veth", "peer", "name", "far",
            "netns", NETWORKS[1])  # fmt: skip
        _ip("address", "add", f"{here[0]}/24", "dev", LINKS[0])
        _ip("-n", NETWORKS[0], "address", "add", f"{here[1]}/24", "dev", "far")
        _ip("-n", NETWORKS[0], "address", "add", f"{there[0]}/24", "dev", LINKS[1])
        _ip("-n", NETWORKS[1], "address", "add", f"{there[1]}/24", "dev", "far")
        _ip("-n", NETWORKS[0], "link", "set", "far", "up")
        _ip("-n", NETWORKS[1], "link", "set", "far", "up")
        # The other worker finds the scheduler under the address that the command knows.
        _ip("-n", NETWORKS[1], "route", "add", f"{here[1]}/32", "via", there[0])
        for which in range(2):
            _plug(which)
        yield
    finally:
        _remove_networks()


def _remove_networks() -> None:
    # A namespace goes some time after it was told to, and its end of the cable with it.
    for words in (["link", "del", LINKS[0]], *(["netns", "del", name] for name in NETWORKS)):
        subprocess.run(["ip", *words], stderr=subprocess.DEVNULL, check=False)


def _pull(which: int) -> None:
    _ip(*_near(which), "down")


def _plug(which: int) -> None:
    _ip(*_near(which), "up")


def _near(which: int) -> list[str]:
    inside = ["-n", NETWORKS[0]] if which else []
    return [*inside, "link", "set", LINKS[which]]


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
