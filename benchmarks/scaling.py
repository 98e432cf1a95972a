"""How the seconds of a step grow with dimension, width, batch and number of chains, and those of
a grid of runs with the number of jobs.

    python -m benchmarks.scaling --out results/scaling

One size varies at a time, the others stay at :data:`BASE`. The slope is that of a straight line
through the upper half of the points in log-log axes, where overheads have faded.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.ticker import LogFormatter

from benchmarks import callables
from benchmarks.callables import Action, Size
from ebmbench.harness.provenance import machine, now, versions
from ebmbench.numerics import configure

BASE = Size(32, (128, 128), 256)
OBJECTIVES = ("dsm", "ssm", "ssm-vr", "fd-ssm", "nce", "cd-10", "sm")
SIZES: dict[str, dict[int, Size]] = {
    "d": {n: replace(BASE, dim=n) for n in (2, 4, 8, 16, 32, 64, 128, 256, 512)},
    "width": {n: replace(BASE, hidden=(n, n)) for n in (16, 32, 64, 128, 256, 512)},
    "batch": {n: replace(BASE, batch=n) for n in (16, 32, 64, 128, 256, 512, 1024, 2048)},
}
CHAINS = {n: replace(BASE, batch=n) for n in (16, 64, 256, 1024, 4096)}
SAMPLERS = ("langevin", "mala", "hmc")
GRID = ("--methods", "dsm,ssm,nce,sm", "--tasks", "2d/rings,2d/two-moons", "--seeds", "2")
GRID_STEPS = 1000
SECONDS = 0.2
"""Spent on one point in one round."""
ROUNDS = 3
"""All points take turns; the lowest of a point's medians counts, since others only add."""
LABELS = {
    "chains": ("number of chains", f"milliseconds for {callables.CHAIN_STEPS} transitions", 1e3),
    "jobs": ("jobs", "seconds for a grid of 16 runs", 1.0),
}
"""What stands at the axes where it is not a training step, and units in a second."""


def seconds_of(action: Action) -> float:
    """Return the median seconds of a call, after two to warm up."""
    callables.repeat(action, 2)
    seconds: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(seconds) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def seconds_of_grid(jobs: int) -> float:
    """Return the wall clock of :data:`GRID` from the prompt to its end."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["run", *GRID, "--steps", str(GRID_STEPS), "--jobs", str(jobs), "--out", folder]
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "ebmbench", *words, "--quiet"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return time.perf_counter() - start


def measure() -> pd.DataFrame:
    """Return columns ``axis``, ``name``, ``size``, ``seconds``."""
    actions: dict[tuple[str, str, int], Action] = {}
    for axis, sizes in SIZES.items():
        for name, (n, size) in itertools.product(OBJECTIVES, sizes.items()):
            actions[axis, name, n] = callables.ours(name, size)
    for name, (n, size) in itertools.product(SAMPLERS, CHAINS.items()):
        actions["chains", name, n] = callables.our_chains(name, size)
    rounds = [[seconds_of(action) for action in actions.values()] for _ in range(ROUNDS)]
    rows = [(*key, min(found)) for key, *found in zip(actions, *rounds, strict=True)]
    jobs = 1
    while jobs <= (os.cpu_count() or 1):
        rows.append(("jobs", "ebmbench run", jobs, seconds_of_grid(jobs)))
        jobs *= 2
    return pd.DataFrame(rows, columns=["axis", "name", "size", "seconds"])


def slope(line: pd.DataFrame) -> float:
    """Return the exponent of the upper half of the points."""
    upper = line.sort_values("size").iloc[-max(2, math.ceil(len(line) / 2)) :]
    if len(upper) < 2:
        return math.nan
    return float(np.polyfit(np.log(upper["size"]), np.log(upper["seconds"]), 1)[0])


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw one panel per axis."""
    axes = list(table["axis"].unique())
    figure, panels = plt.subplots(2, 3, figsize=(15, 8.5), layout="constrained")
    panels.flat[-1].set_axis_off()
    for panel, axis in zip(panels.flat, axes, strict=False):
        named, what, units = LABELS.get(axis, (axis, "milliseconds for one training step", 1e3))
        for name, line in table[table["axis"] == axis].groupby("name", sort=False):
            label = f"{name}: {slope(line):.2f}"
            panel.loglog(line["size"], units * line["seconds"], "o-", ms=3, label=label)
        panel.set_xlabel(named)
        panel.set_ylabel(what)
        sizes = sorted(table.loc[table["axis"] == axis, "size"].unique())
        panel.set_xticks(sizes, [str(size) for size in sizes])
        panel.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        panel.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
        panel.grid(alpha=0.3)
        panel.legend(title="slope of the upper half", fontsize=8)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main() -> None:
    """Measure, draw and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="Folder for table and picture.")
    out: Path = parser.parse_args().out
    words = machine("cpu", configure(threads=1)) | versions()
    table = measure()
    out.mkdir(parents=True, exist_ok=True)
    table.to_csv(out / "scaling.csv", index=False, float_format="%.6g")
    draw(table, out / "scaling.png")
    slopes = [
        f"| {axis} | {name} | {slope(line):.2f} |"
        for (axis, name), line in table.groupby(["axis", "name"], sort=False)
    ]
    text = [
        f"{words['processor']}, one thread, torch {words['torch']}, {now()}. "
        f"Base: d = {BASE.dim}, width {BASE.hidden[0]} × {len(BASE.hidden)}, batch {BASE.batch}. "
        "The slope is the exponent of the upper half of the sizes. "
        f"Jobs: `ebmbench run {' '.join(GRID)} --steps {GRID_STEPS}` as a whole.",
        "",
        "| axis | name | slope |",
        "| --- | --- | ---: |",
        *slopes,
        "",
    ]
    (out / "scaling.md").write_text("\n".join(text))
    print("\n".join(text))


if __name__ == "__main__":
    main()
