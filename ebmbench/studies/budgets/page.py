"""The page: how long to train, what longer training spoils, and who is ahead at equal cost."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from ebmbench.studies.budgets.curves import (
    Spend,
    at_equal,
    longer_is_worse,
    mean_gains,
    mean_ranks,
    where_to_end,
)
from ebmbench.studies.budgets.pictures import picture_name

WORDS = """\
Every objective is trained on every task for six lengths, from a sixteenth of the card's steps to
twice as many, and every length has a decay of its learning rate of its own: no number is a point
in the middle of a longer schedule. What is scored are the weights of the lowest own validation
loss, or of the end where an objective has no such loss. Gains are nats per test row over the
fitted Gaussian, means over seeds."""

EQUAL = """\
The most that every objective of a task has spent at its longest run is granted to all; between two
lengths the gain goes in a line with the logarithm of what was spent. –: the shortest run spent
more. The rank is the mean over the tasks, of those that are on all of them."""

UNITS: dict[Spend, tuple[str, str]] = {
    "passes": ("At equal network passes", "passes"),
    "seconds": ("At equal seconds of training", "s"),
}


def to_markdown(
    frame: pd.DataFrame, tolerances: Mapping[str, float], machine: Mapping[str, str], measured: str
) -> str:
    """Return the page.

    Arguments:
        frame: of :func:`~ebmbench.studies.budgets.ladder.to_frame`.
        tolerances: nats that make no difference, by task.
        machine: in words.
        measured: when.
    """
    tasks = sorted(frame["task"].unique())
    lines = ["# How long to train", "", WORDS, "", *_ends(frame, tasks, tolerances)]
    lines += _worse(frame, tolerances)
    for spend in UNITS:
        lines += _equal(frame, spend)
    for task in tasks:
        lines += _of_task(frame, task)
    seeds = frame["seed"].nunique()
    words = ", ".join(f"{key} {value}" for key, value in machine.items())
    lines += [f"{seeds} {'seed' if seeds == 1 else 'seeds'}; measured {measured}; {words}.", ""]
    return "\n".join(lines)


def _ends(frame: pd.DataFrame, tasks: list[str], tolerances: Mapping[str, float]) -> list[str]:
    lines = [
        "Training may end where no doubling gains more than the task's tolerance: on the curve of "
        "the oracle, or else of the best objective at each length.",
        "",
        "| task | tolerance | may end after | of the card's steps | by | since |",
        "|---|---:|---:|---:|---|---|",
    ]
    for task in tasks:
        end = where_to_end(frame, task, tolerances[task])
        lines.append(
            f"| {task} | {tolerances[task]:g} | {end.steps} | {end.factor:g} × | {end.by} "
            f"| {end.why} |"
        )
    return [*lines, ""]


def _worse(frame: pd.DataFrame, tolerances: Mapping[str, float]) -> list[str]:
    lines = ["## Longer is worse", ""]
    found = longer_is_worse(frame, tolerances)
    if not found:
        return [*lines, "For no objective on any of these tasks, beyond the tolerance.", ""]
    lines += [
        "Objectives whose longest run is behind a shorter one by more than the tolerance, though "
        "the weights of each run are selected.",
        "",
        "| task | objective | best after | then loses, nats |",
        "|---|---|---:|---:|",
    ]
    for each in found:
        lost = "no model" if math.isinf(each.lost) else f"{each.lost:.3g}"
        lines.append(f"| {each.task} | {each.method} | {each.steps} | {lost} |")
    return [*lines, ""]


def _equal(frame: pd.DataFrame, spend: Spend) -> list[str]:
    title, unit = UNITS[spend]
    equal = at_equal(frame, spend)
    ranks = mean_ranks(equal).to_dict()
    methods = sorted(
        (m for m in equal.columns if m != "spent"), key=lambda m: (ranks.get(m, math.inf), m)
    )
    lines = [f"## {title}", "", EQUAL, ""]
    if spend == "seconds" and frame["contended"].any():
        lines += ["Some of these runs shared the cores with others while they were timed.", ""]
    lines += [f"| objective | rank | {' | '.join(equal.index)} |"]
    lines += ["|---|---:|" + "---:|" * len(equal)]
    spent = " | ".join(f"{value:.3g} {unit}" for value in equal["spent"])
    lines.append(f"| *spent* | | {spent} |")
    for method in methods:
        rank = f"{ranks[method]:.1f}" if method in ranks else "–"
        cells = " | ".join(_cell(value) for value in equal[method])
        lines.append(f"| {method} | {rank} | {cells} |")
    return [*lines, ""]


def _of_task(frame: pd.DataFrame, task: str) -> list[str]:
    table = mean_gains(frame, task)
    rows = frame[frame["task"] == task]
    steps = rows.groupby("factor")["steps"].first()
    certified = rows.groupby(["method", "factor"])["certified"].all()
    picture = picture_name(rows["family"].iloc[0])
    lines = [f"## {task}", "", f"![Gain against steps, with others of its family]({picture})", ""]
    lines += ["| steps | " + " | ".join(str(steps[f]) for f in table.columns) + " |"]
    lines += ["|---|" + "---:|" * len(table.columns)]
    for method, row in table.iterrows():
        cells = [
            _cell(value, bool(certified.get((method, factor), False)))
            for factor, value in row.items()
        ]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return [*lines, "", "In brackets: not certified.", ""]


def _cell(value: float, certified: bool = True) -> str:
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "failed"
    return f"{value:.3f}" if certified else f"({value:.3f})"
