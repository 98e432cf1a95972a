"""Checking a card: the way from its file to a site with its row in it."""

from __future__ import annotations

import traceback
from pathlib import Path

from ebmbench import catalog
from ebmbench.cardfiles import read_toml
from ebmbench.cards import MethodCard, TaskCard, card_by_path
from ebmbench.cardtables import Optimiser
from ebmbench.contracts.objective import objective_problems
from ebmbench.contracts.task import few_rows, task_problems
from ebmbench.contracts.whole_way import trial_task, way_problems
from ebmbench.datasets.store import DataUnavailable
from ebmbench.errors import EbmbenchError, first_line
from ebmbench.harness.build import make_estimator, make_objective
from ebmbench.harness.compatibility import reason_to_skip, validate
from ebmbench.harness.job import Job

PARTNERS = ("dsm", "cd", "mle-exact", "gaussian")
"""Methods with which a task is tried: the first that fits."""


def card_problems(path: Path, data_dir: Path | None = None) -> list[str]:
    """Return a sentence per problem of a task or method card; none: it keeps its contract.

    Arguments:
        path: a TOML file; with ``objective`` or ``estimator`` in it, it is a method.
        data_dir: where a task's files are looked for first.
    """
    try:
        words = read_toml(path)
        if "objective" in words or "estimator" in words:
            return _of_method(card_by_path(MethodCard, path))
        return _of_task(card_by_path(TaskCard, path), data_dir)
    except EbmbenchError as error:
        return [str(error)]
    except Exception as error:
        # A stranger's class may raise anything.
        return [described(error, path.resolve().parent)]


def described(error: Exception, folder: Path) -> str:
    """Say what was raised, and at which line of the files in a folder."""
    words = first_line(error, "no message")
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parent == folder]
    where = f" (line {own[-1].lineno} of {Path(own[-1].filename).name})" if own else ""
    return f"{type(error).__name__}: {words}{where}"


def _of_method(card: MethodCard) -> list[str]:
    task = trial_task(levels=False)
    problems = []
    if card.objective is None:
        families = make_estimator(card).families
        if families is not None and task.family not in families:
            named = [t for t in catalog.tasks().values() if t.family in families]
            if not named:
                return []
            task = named[0]
    else:
        objective = make_objective(card)
        task = trial_task(levels=objective.needs_levels)
        problems = [
            f"search.{key} is no hyper-parameter of {card.objective}"
            for key in card.search
            if key not in Optimiser.model_fields and key not in card.hyperparameters
        ]
        problems += objective_problems(card.for_task(task.name), task)
    if problems:
        return problems
    few = few_rows(task, None)
    return way_problems(Job(few, card.for_task(task.name), 0, "smoke"))


def _of_task(card: TaskCard, data_dir: Path | None) -> list[str]:
    partner = catalog.methods()[PARTNERS[0]].for_task(card.name)
    validate(Job(card, partner, 0, "smoke"))
    try:
        problems = task_problems(card, data_dir)
        if problems:
            return problems
        few = few_rows(card, data_dir)
    except DataUnavailable as error:
        return [str(error)]
    for name in PARTNERS:
        job = Job(few, catalog.methods()[name].for_task(card.name), 0, "smoke", data_dir=data_dir)
        if reason_to_skip(job) is None:
            return way_problems(job)
    return [f"no method of {', '.join(PARTNERS)} can do the task"]
