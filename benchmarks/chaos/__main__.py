"""Break a small grid in every way at random moments, and print what that did.

    python -m benchmarks.chaos --out results/reliability

Every trial has a folder of its own: a command, a fault, the same command again. Lost, corrupt,
repeated and tracebacks must be zero, else the status is 1. A full disk and a folder that becomes
read-only need the right to mount, a cut connection that to make network namespaces; without it
they are left out.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from benchmarks.chaos import cluster, faults
from benchmarks.chaos.faults import Trial
from benchmarks.chaos.judge import Standing, Tally, compare, standing
from benchmarks.chaos.stage import furnish, start, warm
from benchmarks.outcome import Outcome

Fault = Callable[[Trial], Standing | None]
COLUMNS = ("fault", "times", "lost", "corrupt", "repeated", "tracebacks")
PLAN: dict[str, tuple[Fault, int]] = {
    "command killed": (faults.killed_parent, 50),
    "worker killed": (faults.killed_worker, 40),
    "SIGTERM": (faults.terminated, 20),
    "Ctrl-C twice": (faults.interrupted_twice, 20),
    "full disk": (faults.full_disk, 20),
    "folder becomes read-only": (faults.read_only, 20),
    "folder vanishes": (faults.vanished_folder, 20),
    "record corrupt or foreign": (faults.spoiled_record, 20),
    "weights torn": (faults.torn_weights, 20),
    "data truncated": (faults.truncated_data, 20),
    "loss not a number": (faults.not_a_number, 20),
    "memory limit": (faults.memory_limit, 20),
    "native code hangs": (faults.hung, 20),
    "clock jumps": (faults.clock_jump, 20),
    "dask worker killed": (cluster.killed_worker, 20),
    "dask scheduler killed": (cluster.killed_scheduler, 20),
    "two schedulers, one killed": (cluster.two_schedulers, 20),
    "connection to dask cut": (cluster.cut_connection, 20),
}
"""By name, and how often."""
RIGHTS = ("full disk", "folder becomes read-only", "connection to dask cut")
"""Those that need some."""
OUTCOME = Outcome(
    "chaos",
    "Faults at random moments",
    "Made by `make chaos`. Each time a grid of four runs is broken in one way and the command "
    "is given again. Lost: a record that is then not there or not that of a clean run. Corrupt: a "
    "record or file that stands and is not whole. Repeated: a run done again although its good "
    "record stood. Tracebacks: a command that ends in one, hangs, leaves a worker behind, or ends "
    "with another status than it should. A full disk and a folder that becomes read-only need the "
    "right to mount, a cut connection that to make network namespaces.",
    COLUMNS,
    tuple(PLAN),
)


def tried(fault: Fault, times: int, *, seed: int) -> Tally:
    """Try a fault so many times, and count."""
    tally = Tally()
    distributed = fault.__module__ == cluster.__name__
    with tempfile.TemporaryDirectory() as name:
        whole = Path(name) / "clean"
        furnish(whole)
        with (
            cluster.begun(whole)
            if distributed
            else nullcontext(start(faults.RUN, whole)) as command
        ):
            if command.wait() != 0:
                raise SystemExit(f"a run without a fault fails: {command.said}")
            seconds = time.monotonic() - command.began
        clean = standing(whole / "out")
        for k in range(times):
            folder = Path(name) / str(k)
            furnish(folder)
            trial = Trial(folder, random.Random(seed + k), seconds, clean, tally)
            before = fault(trial)
            if not distributed:
                trial.finish()
            tally.times += 1
            compare(tally, before, standing(trial.out), clean)
    return tally


def main() -> None:
    """Try all faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="Of the times of every fault.")
    parser.add_argument("--only", action="append", help="A fault by name.")
    parser.add_argument("--out", type=Path, help="Folder to write chaos.csv and chaos.md to.")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    warm()
    found: dict[str, Tally] = {}
    print(",".join(COLUMNS), flush=True)

    def tell(name: str, tally: Tally) -> None:
        found[name] = tally
        print(",".join(map(str, [name, *row(tally)])), flush=True)
        for line in tally.words:
            print(f"    {line}", file=sys.stderr, flush=True)
        if asked.out:
            rows = {each: row(counted) for each, counted in found.items()}
            OUTCOME.write(rows, asked.out, asked.seed)

    for name, (fault, times) in PLAN.items():
        if asked.only and name not in asked.only:
            continue
        if name in RIGHTS and os.geteuid() != 0:
            continue
        tell(name, tried(fault, max(1, round(asked.share * times)), seed=asked.seed))
    sys.exit(int(any(tally.faults for tally in found.values())))


def row(tally: Tally) -> list[int]:
    """Return the counts of a fault."""
    return [tally.times, tally.lost, tally.corrupt, tally.repeated, tally.tracebacks]


if __name__ == "__main__":
    main()
