"""What the lengths come to: where training may end, who gets worse, and who is ahead when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Spend = Literal["passes", "seconds"]


@dataclass(frozen=True)
class End:
    """Where the training of a task may end."""

    steps: int
    factor: float
    by: str
    """Whose curve says so: the oracle, or the best objective at that length."""
    why: str


@dataclass(frozen=True)
class Worse:
    """A method whose longest run is behind a shorter one."""

    task: str
    method: str
    steps: int
    """Where it was best."""
    lost: float
    """Nats from there to the longest run; infinite where that one left no model."""


def mean_gains(frame: pd.DataFrame, task: str) -> pd.DataFrame:
    """Return the mean gain over seeds, methods by factor in rising order."""
    rows = frame[frame["task"] == task]
    return rows.pivot_table(
        index="method", columns="factor", values="gain", aggfunc="mean", dropna=False
    ).sort_index(axis=1)


def leading_curve(frame: pd.DataFrame, task: str) -> tuple[pd.Series, pd.Series]:
    """Return the gain by factor that training can have, and whose it is.

    That of the oracle where there is one, else of the best objective at each length.
    """
    table = mean_gains(frame, task)
    rows = frame[frame["task"] == task]
    oracles = [name for name in table.index if rows[rows["method"] == name]["oracle"].any()]
    if oracles:
        return table.loc[oracles[0]], pd.Series(oracles[0], index=table.columns)
    return table.max(), table.idxmax()


def where_to_end(frame: pd.DataFrame, task: str, tolerance: float) -> End:
    """Return the length after which no doubling gains the tolerance.

    Arguments:
        frame: of :func:`~ebmbench.studies.budgets.ladder.to_frame`.
        task: its name.
        tolerance: nats that make no difference on the task.
    """
    curve, whose = leading_curve(frame, task)
    factors = [float(each) for each in curve.index]
    values = curve.to_numpy(float)
    place = 0
    for k in range(1, len(values)):
        if values[k] > values[k - 1] + tolerance:
            place = k
    rows = frame[(frame["task"] == task) & (frame["factor"] == factors[place])]
    if place == len(values) - 1:
        why = f"the last doubling still gains {values[place] - values[place - 1]:.2g} nats"
    else:
        here, there = mean_gains(frame, task).to_numpy(float)[:, place : place + 2].T
        then = values[place + 1] - values[place]
        why = f"the next doubling gains {then:.2g} nats"
        if math.isinf(then):
            why = "the next doubling leaves no model"
        elif (there < here)[np.isfinite(here)].all():
            why = f"the next doubling costs every objective, the best of each {-then:.2g} nats"
    return End(int(rows["steps"].iloc[0]), factors[place], str(whose.iloc[place]), why)


def longer_is_worse(frame: pd.DataFrame, tolerances: Mapping[str, float]) -> list[Worse]:
    """Return every method that loses more than the tolerance from its best length to the longest.

    Arguments:
        frame: of :func:`~ebmbench.studies.budgets.ladder.to_frame`.
        tolerances: nats by task.
    """
    found = []
    for task in sorted(frame["task"].unique()):
        table = mean_gains(frame, task)
        steps = frame[frame["task"] == task].groupby("factor")["steps"].first()
        for method, row in table.iterrows():
            values = row.to_numpy(float)
            if not np.isfinite(values).any():
                continue
            best = int(np.nanargmax(values))
            lost = float(values[best] - values[-1])
            if lost > tolerances[task]:
                at = int(steps[table.columns[best]])
                found.append(Worse(task, str(method), at, lost))
    return sorted(found, key=lambda each: (each.task, -each.lost))


def at_equal(frame: pd.DataFrame, spend: Spend) -> pd.DataFrame:
    """Return what every method gains when all have spent the same, tasks by methods.

    The common spend of a task is the most that every method there has spent at its longest run.
    Between two lengths the gain goes in a line with the logarithm of what was spent.

    Arguments:
        frame: of :func:`~ebmbench.studies.budgets.ladder.to_frame`.
        spend: ``passes``: network passes; ``seconds``: of training.

    Returns:
        with a column ``spent`` first; not a number where the shortest run of a method spent more.
    """
    tasks = sorted(frame["task"].unique())
    methods = sorted(frame["method"].unique())
    rows = []
    for task in tasks:
        of_task = frame[frame["task"] == task]
        points = of_task.groupby(["method", "factor"])[[spend, "gain"]].mean()
        spent = points[spend].groupby("method").max()
        common = float(spent[spent > 0].min())
        gains = dict.fromkeys(methods, math.nan)
        for method in spent.index:
            of_method = points.loc[method].dropna().sort_values(spend)
            gains[method] = _between(
                of_method[spend].to_numpy(float), of_method["gain"].to_numpy(float), common
            )
        rows.append({"spent": common} | gains)
    return pd.DataFrame(rows, index=pd.Index(tasks, name="task"))


def _between(spent: np.ndarray, gains: np.ndarray, common: float) -> float:
    """Return the gain at a spend; minus infinity next to a run that left no model."""
    if not len(spent) or common < spent[0] * (1 - 1e-9):
        return math.nan
    place = int(np.searchsorted(spent, common * (1 + 1e-9))) - 1
    if place == len(spent) - 1 or spent[place] >= common * (1 - 1e-9):
        return float(gains[place])
    left, right = gains[place], gains[place + 1]
    if not np.isfinite([left, right]).all():
        return -math.inf
    weight = math.log(common / spent[place]) / math.log(spent[place + 1] / spent[place])
    return float(left + weight * (right - left))


def mean_ranks(equal: pd.DataFrame) -> pd.Series:
    """Return the mean rank over tasks of the methods that have a gain on all of them, best first.

    Arguments:
        equal: of :func:`at_equal`; 1 is the best rank, and equal gains share theirs.
    """
    whole = equal.drop(columns="spent").dropna(axis=1)
    return whole.rank(axis=1, ascending=False).mean().sort_values()
