"""A grid of runs by `ebmbench run` against the plain way of doing it, and where its time goes.

    python -m benchmarks.grid --out results/ratios

The plain way is one fresh process per run, one after the other with torch's default threads: a
DataLoader, double backward, `torch.optim.Adam`, and at the end the likelihood on a grid of points
and the Fisher divergence. It trains the same networks on the same rows for as many steps. Ours
also records curves, costs and all other metrics of the cards, and draws the pictures.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.callables import LEARNING_RATE
from benchmarks.plain import PLAIN
from ebmbench import api
from ebmbench.harness.coordinates import training_view
from ebmbench.harness.provenance import machine, now, versions
from ebmbench.numerics import configure
from ebmbench.records import read_records

METHODS = ("dsm", "ssm", "ssm-vr", "fd-ssm", "nce", "sm")
TASKS = ("2d/rings", "2d/two-moons", "2d/checkerboard")
SEEDS = 3
STEPS = 1000
BATCH = 256
SIDE = 512
"""Of the plain grid for ``log Z``."""


def plain_run(task: str, method: str, seed: int, steps: int) -> tuple[float, float]:
    """Train and evaluate as one does by hand; return log-likelihood and Fisher divergence."""
    dataset = api.load_data(task, seed)
    energy = api.build_energy(task, dataset, seed)
    log_z = torch.nn.Parameter(torch.zeros(()))
    adam = torch.optim.Adam([*energy.parameters(), log_z], lr=LEARNING_RATE)
    inner, rows = training_view(energy, dataset)
    loader = DataLoader(TensorDataset(rows.train), BATCH, shuffle=True, drop_last=True)
    batches = (batch for _ in itertools.count() for (batch,) in loader)
    loss = PLAIN[method]
    for batch in itertools.islice(batches, steps):
        adam.zero_grad()
        loss(inner, batch, log_z, batch).backward()  # type: ignore[arg-type, no-untyped-call]
        adam.step()
    likelihood = -energy(dataset.test).mean() - _log_z(energy, dataset.test)
    x = dataset.test.requires_grad_()
    (gradient,) = torch.autograd.grad(energy(x).sum(), x)
    assert dataset.truth is not None
    error = dataset.truth.score(x.detach()) + gradient
    return float(likelihood.detach()), float(0.5 * (error * error).sum(1).mean())


def _log_z(energy: torch.nn.Module, rows: Tensor) -> Tensor:
    reach = 1.5 * rows.abs().max()
    axis = torch.linspace(-float(reach), float(reach), SIDE)
    points = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        area = (axis[1] - axis[0]) ** 2
        return torch.logsumexp(-energy(points), 0) + area.log()


def plain_grid(steps: int) -> float:
    """Return the seconds of all runs, each in a process of its own."""
    start = time.perf_counter()
    for task, method, seed in itertools.product(TASKS, METHODS, range(SEEDS)):
        words = ["--plain", task, method, str(seed), "--steps", str(steps)]
        subprocess.run([sys.executable, "-m", "benchmarks.grid", *words], check=True)
    return time.perf_counter() - start


def our_grid(steps: int, workers: int) -> dict[str, float]:
    """Return the wall clock of the same runs, and the shares of it that the records name."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "runs"
        words = ["run", "--methods", ",".join(METHODS), "--tasks", ",".join(TASKS), "--quiet"]
        # As many noise rows as data rows, as the plain way has them; the tuned card has ten.
        words += ["--set", "nce.nu=1"]
        words += ["--seeds", str(SEEDS), "--steps", str(steps), "--jobs", str(workers)]
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "ebmbench", *words, "--out", str(out)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        wall = time.perf_counter() - start
        costs = [record.cost for record in read_records(out)]
    train = sum(cost.train_seconds for cost in costs if cost)
    evaluation = sum(cost.evaluation_seconds for cost in costs if cost)
    return {
        "seconds": wall,
        "training": train / (wall * workers),
        "evaluation": evaluation / (wall * workers),
        "other": 1 - (train + evaluation) / (wall * workers),
        "evaluation_over_training": evaluation / train,
    }


def start_of_a_run(times: int = 10) -> float:
    """Return the median seconds from asking for a worker process to its end, after the first."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["ebmbench.harness.run"])
    seconds = []
    for _ in range(times + 1):
        start = time.perf_counter()
        process = context.Process(target=configure, args=(1,))
        process.start()
        process.join()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def start_of_a_verb(*words: str, times: int = 5) -> float:
    """Return the median seconds of one call of the command line."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "ebmbench", *words], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plain", nargs=3, metavar=("TASK", "METHOD", "SEED"))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, help="Folder for grid.md and grid.json.")
    chosen = parser.parse_args()
    if chosen.plain:
        task, method, seed = chosen.plain
        print(task, method, seed, *plain_run(task, method, int(seed), chosen.steps))
        return
    help_seconds, list_seconds = start_of_a_verb("--help"), start_of_a_verb("list", "tasks")
    one_start = start_of_a_run()
    two, one = our_grid(chosen.steps, workers=2), our_grid(chosen.steps, workers=1)
    plain = plain_grid(chosen.steps)
    words = machine("cpu", configure(threads=1)) | versions()
    rows = {
        "`ebmbench --help`, s": help_seconds,
        "`ebmbench list tasks`, s": list_seconds,
        "start and end of an idle worker, s": one_start,
        "grid, two workers, s": two["seconds"],
        "… in training": two["training"],
        "… in evaluation": two["evaluation"],
        "… in neither": two["other"],
        "evaluation over training": two["evaluation_over_training"],
        "grid, one worker, s": one["seconds"],
        "seconds of training, two workers over one": (
            2 * two["training"] * two["seconds"] / (one["training"] * one["seconds"])
        ),
        "throughput of two workers over one": one["seconds"] / two["seconds"],
        "grid, the plain way, s": plain,
        "plain over two workers": plain / two["seconds"],
    }
    text = "\n".join(
        [
            f"{words['processor']}, {words['cores']} cores, torch {words['torch']}, {now()}. "
            f"{', '.join(METHODS)} × {', '.join(TASKS)} × {SEEDS} seeds, {chosen.steps} steps of "
            f"{BATCH} rows.",
            "",
            "| what | measured |",
            "| --- | ---: |",
            *(f"| {name} | {value:.3g} |" for name, value in rows.items()),
            "",
        ]
    )
    print(text)
    if chosen.out is not None:
        chosen.out.mkdir(parents=True, exist_ok=True)
        (chosen.out / "grid.md").write_text(text)
        (chosen.out / "grid.json").write_text(json.dumps(words | rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
