"""What a large folder of records costs: its report, and resuming a grid that is done.

    python -m benchmarks.folders --records 20000
    python -m benchmarks.folders --records 100000 --packed

Records are those of real jobs of the tasks in the plane, with outcomes made up. Prints seconds of
processor time, seconds on the clock and peak memory of each command, run as a process of its own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ebmbench import catalog
from ebmbench.harness.job import make_jobs
from ebmbench.harness.record import make_record
from ebmbench.records import (
    PACK,
    Curve,
    CurvePoint,
    LogZRecord,
    MetricRecord,
    RunCost,
    RunOutcome,
    record_path,
    to_json,
)

METHODS = "sm,ssm,ssm-vr,fd-ssm,dsm,nce,cnce,ed,cd,pcd,mle-exact,gaussian"


VALUE, ROWS = -2.123456789, "0123456789abcdef"
"""A number and a hash of rows that are replaced seed by seed."""


def outcome() -> RunOutcome:
    """Return what a run of the plane brings: five metrics and a curve of twelve points."""
    metric = MetricRecord(
        value=VALUE, stderr=0.01, unit="nats", higher_is_better=True,
        note="two boxes and two resolutions agree",
    )  # fmt: skip
    names = ("log_likelihood", "regret", "fisher_divergence", "smoothed_fisher", "mmd")
    curve = [
        CurvePoint(step=2**k, seconds=0.1 * k, loss=0.5**k, log_likelihood=-2.5 - 0.5**k)
        for k in range(12)
    ]
    cost = RunCost(
        train_seconds=2.0, steps=2048, step_ms_median=1.0, step_ms_iqr=0.1, energy_evaluations=1.0,
        score_evaluations=2.0, hvp_evaluations=0.0, evaluation_seconds=1.0, setup_seconds=0.1,
        data_seconds=0.1,
    )  # fmt: skip
    log_z = LogZRecord(value=0.0, stderr=0.0)
    return RunOutcome(
        metrics=dict.fromkeys(names, metric), curve=Curve(curve), cost=cost, log_z=log_z
    )


def write_folder(out: Path, seeds: int, packed: bool) -> None:
    """Write the records of so many seeds of every task and method, in files or in one."""
    out.mkdir(parents=True)
    if not packed:
        for path, text in texts(out, seeds):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return
    with gzip.open(out / PACK, "wt", compresslevel=1, encoding="utf-8") as file:
        for _, text in texts(out, seeds):
            file.write(json.dumps(json.loads(text), separators=(",", ":")) + "\n")


def texts(out: Path, seeds: int) -> Iterator[tuple[Path, str]]:
    """Yield the text of every record and where it goes."""
    tasks, methods = catalog.select_tasks("2d/*"), catalog.select_methods(METHODS)
    machine = {"processor": "a processor", "cores": "2", "device": "cpu", "threads": "1"}
    for k, job in enumerate(make_jobs(tasks, methods, seeds=1, preset="smoke")):
        record = make_record(
            job, outcome(), started="2026-01-01T00:00:00Z", contended=False,
            machine_words=machine, hashes={"data": ROWS},
        )  # fmt: skip
        text = to_json(record)
        for seed in range(seeds):
            value = -2 - ((k + 1) * (seed + 7) * 7919 % 1000) / 1000
            own = (
                text.replace('"seed": 0', f'"seed": {seed}')
                .replace(record.run_id, replace(job, seed=seed).run_id)
                .replace(ROWS, f"{seed:016x}")
                .replace(str(VALUE), str(value))
            )
            yield record_path(out, record.task, record.method, seed), own


@dataclass(frozen=True)
class Taken:
    """What a command took."""

    processor: float
    """Seconds."""
    clock: float
    """Seconds."""
    mib: float
    """Peak of the memory of its process."""
    status: int


def run(*words: str) -> Taken:
    """Run a command in a process of its own."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ebmbench", *words],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    _, status, used = os.wait4(process.pid, 0)
    clock = time.perf_counter() - began
    processor = used.ru_utime + used.ru_stime
    code = os.waitstatus_to_exitcode(status)
    return Taken(processor, clock, used.ru_maxrss / 1024, code)


def measure(*words: str) -> str:
    """Run a command and return in words what it took."""
    taken = run(*words)
    return (
        f"{words[0]:8} {taken.processor:7.1f} s of processor, {taken.clock:7.1f} s on the clock, "
        f"{taken.mib:6.0f} MiB, status {taken.status}"
    )


def seeds_for(records: int) -> int:
    """Return how many seeds of all pairs come to so many records, or a few less."""
    pairs = len(catalog.select_tasks("2d/*")) * len(catalog.select_methods(METHODS))
    return max(records // pairs, 1)


def main() -> None:
    """Measure the commands on a folder of the asked size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--packed", action="store_true", help="As published: in one file.")
    parser.add_argument("--into", type=Path, help="Keep the folder here, or take the one there.")
    asked = parser.parse_args()
    seeds = seeds_for(asked.records)
    with tempfile.TemporaryDirectory() as name:
        out = asked.into or Path(name) / "out"
        if not out.is_dir():
            write_folder(out, seeds, asked.packed)
        print(f"{seeds} seeds", flush=True)
        grid = ("--methods", METHODS, "--tasks", "2d/*", "--preset", "smoke")
        print(measure("report", str(out), "--no-site", "--format", "csv"))
        if not asked.packed:
            print(measure("run", *grid, "--seeds", str(seeds), "--out", str(out), "--json"))
        print(measure("compare", str(out), str(out)))


if __name__ == "__main__":
    main()
