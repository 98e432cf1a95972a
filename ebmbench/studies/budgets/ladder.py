"""The runs: every method on every task with ever more steps, each with a decay of its own.

A point of the learning curve of one long run stands in the middle of its schedule, where the rate
is still high; a run of that length alone would have decayed by then, and so the long run is behind
it. Here every length is trained on its own, which costs twice the longest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from ebmbench.cards import MethodCard, Preset, TaskCard
from ebmbench.divergence import effective
from ebmbench.harness.grid import with_steps
from ebmbench.harness.job import Job, make_jobs
from ebmbench.records import Record, Status
from ebmbench.report.stats.costs import evaluations
from ebmbench.report.stats.outcomes import GAUSSIAN, HEADLINE

FACTORS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0)
"""Lengths in units of the card's budget."""
COLUMNS = (
    "task", "family", "method", "oracle", "seed", "factor", "steps", "passes", "seconds",
    "contended", "status", "gain", "certified",
)  # fmt: skip


def rung_folder(out: Path, factor: float) -> Path:
    """Return the output folder of the runs of one length."""
    return out / f"x{factor:g}"


def rung_jobs(
    tasks: Sequence[TaskCard],
    methods: Sequence[MethodCard],
    factor: float,
    *,
    seeds: int,
    preset: Preset,
) -> list[Job]:
    """Return the jobs of one length.

    Arguments:
        tasks: cards, whose budget of the preset is the unit.
        methods: objectives and the Gaussian.
        factor: one of :data:`FACTORS`.
        seeds: of each.
        preset: which budget.
    """
    shorter = [
        with_steps(task, preset, max(1, round(factor * getattr(task.budget, preset).steps)))
        for task in tasks
    ]
    return make_jobs(shorter, list(methods), seeds=seeds, preset=preset)


def to_frame(rungs: Iterable[tuple[float, Iterable[Record]]]) -> pd.DataFrame:
    """Return a row per run of an objective, with :data:`COLUMNS`.

    ``gain`` is in nats over the Gaussian of the same task and seed, minus infinity for a run
    without a model; ``passes`` are network passes and ``seconds`` those of training, of the whole
    run. A pair that cannot be run is not there.

    Arguments:
        rungs: the records of each length.
    """
    rows = []
    for factor, found in rungs:
        records = [effective(record) for record in found]
        bases = {
            (r.task, r.seed): r.metrics[HEADLINE].value
            for r in records
            if r.method == GAUSSIAN and HEADLINE in r.metrics
        }
        for r in records:
            if r.method == GAUSSIAN or r.status is Status.SKIPPED:
                continue
            number = r.metrics.get(HEADLINE) if r.status is Status.OK else None
            base = bases.get((r.task, r.seed), float("nan"))
            steps = getattr(r.task_card.budget, r.preset).steps
            rows.append(
                (
                    r.task, r.task_card.family, r.method, "oracle" in r.method_card.tags, r.seed,
                    factor, steps, evaluations(r, steps),
                    float("nan") if r.cost is None else r.cost.train_seconds, r.contended,
                    r.status.value, float("-inf") if number is None else number.value - base,
                    number is not None and number.certified,
                )
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))
