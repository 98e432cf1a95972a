"""How long a request will take and how much it will leave, from what such runs have taken before.

Two sources: the records of the output folder itself, and those that are published with the suite,
which were taken on another machine. A measurement of ten seconds says how much faster this one is.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ebmbench import catalog
from ebmbench.errors import EbmbenchError
from ebmbench.harness.build import load_data
from ebmbench.harness.fitting import fit
from ebmbench.harness.grid import with_steps
from ebmbench.harness.job import Job
from ebmbench.numerics import configure
from ebmbench.records import holds_records, iter_stored

PUBLISHED = Path(__file__).parents[2] / "results"
"""Published results of a checkout; an installed package has none."""
COSTS = "2026-11-cost"
"""The folder of those that were timed alone; the others follow."""
YARDSTICK = ("2d/rings", "dsm")
SECONDS = 10.0
"""Of the measurement."""
STEPS = 100
"""Between two looks at the clock."""
FLOAT, DOUBLE = 4, 8


@dataclass(frozen=True)
class Taken:
    """What one run took."""

    preset: str
    train_seconds: float
    step_seconds: float
    evaluation_seconds: float
    bytes: int
    """Of record, weights and test rows."""
    here: bool
    """In the output folder itself, so on this machine; else published."""


Known = Mapping[tuple[str, str], list[Taken]]
"""By task and method; settings of a method change nothing here."""


@dataclass(frozen=True)
class Forecast:
    """What runs will come to, one after another."""

    seconds: float = 0.0
    """Of those that are known."""
    bytes: float = 0.0
    unknown: int = 0
    """Runs of which nothing is known."""
    known: int = 0

    def __add__(self, other: Forecast) -> Forecast:
        return Forecast(
            self.seconds + other.seconds,
            self.bytes + other.bytes,
            self.unknown + other.unknown,
            self.known + other.known,
        )


def known_costs(out: Path) -> Known:
    """Return what runs have taken: those of an output folder, else the published ones."""
    published = sorted(PUBLISHED.glob("*/records.jsonl.gz"), key=lambda p: p.parent.name != COSTS)
    found: dict[tuple[str, str], list[Taken]] = defaultdict(list)
    for folder in [out, *(path.parent for path in published)]:
        if not folder.is_dir() or not holds_records(folder):
            continue
        fresh: dict[tuple[str, str], list[Taken]] = defaultdict(list)
        for stored in iter_stored(folder):
            try:
                content = stored.content()
                taken = _taken(content, len(stored.text), here=folder == out)
            except (EbmbenchError, KeyError, TypeError):
                # A record that is not whole is complained of where it is read.
                continue
            if taken is not None:
                fresh[content["task"], _base(content["method"])].append(taken)
        for key, runs in fresh.items():
            presets = {run.preset for run in found[key]}
            found[key] += [run for run in runs if run.preset not in presets]
    return found


def forecast(jobs: Iterable[Job], known: Known, ratio: float = 1.0) -> Forecast:
    """Return what jobs will come to.

    Arguments:
        jobs: that are to be run.
        known: what such runs have taken.
        ratio: by how much this machine is slower than where that was.
    """
    total = Forecast()
    for job in jobs:
        runs = known.get((job.task.name, _base(job.method.name)), [])
        # The work of an evaluation depends on the preset, a step does not.
        same = [run for run in runs if run.preset == job.preset]
        if not same:
            total += Forecast(unknown=1)
            continue
        steps = getattr(job.task.budget, job.preset).steps
        training = statistics.median(
            run.step_seconds * steps if job.method.objective else run.train_seconds for run in same
        )
        evaluation = statistics.median(run.evaluation_seconds for run in same)
        size = statistics.median(run.bytes for run in same)
        slower = 1.0 if same[0].here else ratio
        total += Forecast(slower * (training + evaluation), size, known=1)
    return total


def machine_ratio(known: Known) -> float | None:
    """Measure how much longer a step takes here than where costs were published.

    Returns:
        The ratio, or ``None`` where nothing is published.
    """
    runs = [run for run in known.get(YARDSTICK, []) if not run.here]
    if not runs:
        return None
    configure(threads=1)
    task = catalog.tasks()[YARDSTICK[0]]
    method = catalog.methods()[YARDSTICK[1]].for_task(task.name)
    job = Job(with_steps(task, "standard", STEPS), method, 0, "standard")
    dataset = load_data(job.task, 0, None)
    found: list[float] = []
    begin = time.perf_counter()
    while not found or time.perf_counter() - begin < SECONDS:
        found.append(fit(job, dataset, 0.0, lambda step, total: None).cost.step_ms_median / 1000)
    return statistics.median(found) / statistics.median(run.step_seconds for run in runs)


def duration_words(seconds: float) -> str:
    """Return a time in the unit that reads best.

    Example:
        >>> duration_words(50), duration_words(400), duration_words(20000)
        ('50 s', '7 min', '5.6 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def size_words(count: float) -> str:
    """Return a number of bytes in words.

    Example:
        >>> size_words(2_500_000)
        '2.5 MB'
    """
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


def forecast_words(found: Forecast, workers: int) -> str:
    """Return what runs will come to, as a clause.

    Arguments:
        found: of the runs.
        workers: how many run at a time.
    """
    if not found.known:
        return "time and disk unknown, since no such run is published"
    seconds = found.seconds / max(1, min(workers, found.known))
    words = f"about {duration_words(seconds)} and {size_words(found.bytes)}"
    if not found.unknown:
        return words
    return f"{words} for {found.known}, unknown for {found.unknown}"


def _base(method: str) -> str:
    return method.partition("[")[0]


def _taken(content: Mapping[str, Any], length: int, *, here: bool) -> Taken | None:
    cost = content["cost"]
    if content["status"] != "ok" or cost is None:
        return None
    task = content["task_card"]
    tests = task["data"].get("test") or 0
    return Taken(
        preset=content["preset"],
        train_seconds=cost["train_seconds"],
        step_seconds=cost["step_ms_median"] / 1000,
        evaluation_seconds=cost["evaluation_seconds"],
        bytes=length + FLOAT * (content["parameters"] or 0) + DOUBLE * tests,
        here=here,
    )
