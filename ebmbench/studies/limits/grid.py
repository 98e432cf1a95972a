"""The runs of the axes: jobs of the harness, and what their records say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from ebmbench.cards import MethodCard, Preset
from ebmbench.divergence import effective
from ebmbench.harness.job import Job, make_jobs
from ebmbench.options import option_names
from ebmbench.records import Record, Status
from ebmbench.registry import OBJECTIVES
from ebmbench.report.stats.outcomes import GAUSSIAN
from ebmbench.settings import read_setting, set_in_methods
from ebmbench.studies.limits.axes import AXES, Axis, task_at

HALF = 0.5
"""Share of the gap between the Gaussian and the truth: who leaves more open is broken."""
COLUMNS = (
    "axis", "level", "method", "family", "seed", "status", "regret", "gaussian", "share",
    "certified",
)  # fmt: skip


def make_limit_jobs(
    axes: Sequence[Axis],
    methods: Sequence[MethodCard],
    gaussian: MethodCard,
    *,
    seeds: int,
    preset: Preset,
) -> list[Job]:
    """Return the jobs of some axes, those of the fitted Gaussian with them.

    Arguments:
        axes: what gets harder.
        methods: objectives.
        gaussian: the reference card.
        seeds: of each.
        preset: which budget.
    """
    jobs: list[Job] = []
    for axis in axes:
        if axis.setting:
            tasks = [task_at(axis, axis.levels[0])]
            those = [gaussian, *_varied(axis, methods)]
        else:
            tasks = [task_at(axis, level) for level in axis.levels]
            those = [gaussian, *methods]
        jobs += make_jobs(tasks, those, seeds=seeds, preset=preset)
    return jobs


def _varied(axis: Axis, methods: Sequence[MethodCard]) -> list[MethodCard]:
    """Return the methods that have the axis's setting, one variant a level."""
    having = [m for m in methods if axis.setting in option_names(OBJECTIVES.get(str(m.objective)))]
    values = ",".join(map(repr, axis.levels))
    settings = [read_setting(f"{m.name}.{axis.setting}={values}") for m in having]
    return set_in_methods(having, settings)


def to_frame(records: Iterable[Record]) -> pd.DataFrame:
    """Return a row per run of an objective, with :data:`COLUMNS`.

    ``regret`` in nats below the truth, ``gaussian`` that of the fitted Gaussian on the same rows,
    ``share`` their ratio: 0 for the truth, 1 for a model that is no better than the Gaussian. A
    run without a model has an infinite one. A pair that cannot be run is not there.
    """
    records = [effective(record) for record in records]
    of_gaussian = {
        (record.task, record.seed): record.metrics["regret"].value
        for record in records
        if record.method == GAUSSIAN and record.status is Status.OK
    }
    rows = []
    for record in records:
        place = _place(record.task)
        if place is None or record.method == GAUSSIAN or record.status is Status.SKIPPED:
            continue
        axis, k = place
        name = record.method.partition("[")[0]
        level = axis.levels[k]
        if axis.setting:
            level = float(record.method_card.hyperparameters[axis.setting])
        number = record.metrics.get("regret")
        if record.status is not Status.OK or (number and not math.isfinite(number.value)):
            number = None
        regret = math.inf if number is None else number.value
        gaussian = of_gaussian.get((record.task, record.seed), math.nan)
        rows.append(
            (
                axis.name, level, name, record.method_card.family, record.seed,
                record.status.value, regret, gaussian, regret / gaussian,
                number is not None and number.certified,
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _place(task: str) -> tuple[Axis, int] | None:
    name = task.partition("/limit-")[2]
    axis, _, place = name.rpartition("-")
    return (AXES[axis], int(place)) if axis in AXES else None


def shares(frame: pd.DataFrame, axis: Axis) -> pd.DataFrame:
    """Return the mean share over seeds, methods by levels from easy to hard; infinite: failed."""
    return _means(frame, axis, "share")


def broken(frame: pd.DataFrame, axis: Axis) -> dict[str, float | None]:
    """Return, by method, the level from which on it loses more than it may.

    That is :attr:`Axis.lost`, or :data:`HALF` of what the Gaussian loses.

    Arguments:
        frame: of :func:`to_frame`.
        axis: with its levels from easy to hard.

    Returns:
        ``None`` for a method that holds at the last level.
    """
    if axis.lost is None:
        table, limit = shares(frame, axis), HALF
    else:
        table, limit = _means(frame, axis, "regret"), axis.lost
    return {
        str(name): breaks_at(dict(zip(axis.levels, row, strict=True)), limit)
        for name, row in zip(table.index, table.to_numpy(float).tolist(), strict=True)
    }


def _means(frame: pd.DataFrame, axis: Axis, column: str) -> pd.DataFrame:
    rows = frame[frame["axis"] == axis.name]
    table = rows.pivot_table(
        index="method", columns="level", values=column, aggfunc="mean", dropna=False
    )
    return table.reindex(columns=list(axis.levels))


def breaks_at(losses: Mapping[float, float], limit: float) -> float | None:
    """Return the first level after the last one at which a loss is within a limit.

    Arguments:
        losses: by level, from easy to hard; not a number where nothing was tried.
        limit: of a loss.

    Returns:
        ``None`` if that one is the last that was tried.

    Example:
        >>> breaks_at({1: 0.1, 2: 0.6, 4: 0.2, 8: 0.7, 16: 2.0}, 0.5)
        8
    """
    tried = {level: loss for level, loss in losses.items() if not math.isnan(loss)}
    first = None
    for level, loss in tried.items():
        if loss <= limit:
            first = None
        elif first is None:
            first = level
    return first
