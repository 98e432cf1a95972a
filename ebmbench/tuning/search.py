"""Running a search: rounds of trials, each a grid of runs like any other, resumable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ebmbench.cards import MethodCard, Preset, TaskCard
from ebmbench.energies.coordinates import KINDS
from ebmbench.errors import EbmbenchError
from ebmbench.harness.compatibility import reason_to_skip, validate
from ebmbench.harness.coordinates import allowed_coordinates
from ebmbench.harness.grid import execute, plan_jobs, with_steps
from ebmbench.harness.job import Job
from ebmbench.harness.progress import Reporter
from ebmbench.records import Record
from ebmbench.tuning.halving import Rung, rungs
from ebmbench.tuning.setting import Setting
from ebmbench.tuning.space import draw, space_of
from ebmbench.tuning.trials import READ, Trials, rung_folder

Reporting = Callable[[int], Reporter]
"""Makes what is told of the runs, given their number."""


@dataclass(frozen=True)
class Request:
    """A search in one family of tasks."""

    family: str
    tasks: Sequence[TaskCard]
    methods: Sequence[MethodCard]
    trials: int
    """Settings a method, the card as it stands among them."""
    seeds: int
    """Of the last round."""
    preset: Preset
    out: Path
    workers: int | None = None
    data_dir: Path | None = None

    def settings(self) -> dict[str, list[Setting]]:
        """Return by method what is tried, for the methods that can do a task of the family."""
        taken = {kind for task in self.tasks for kind in allowed_coordinates(task)}
        kinds = [kind for kind in KINDS if kind in taken]
        able = [
            method
            for method in self.methods
            if any(self.reason(task, method) is None for task in self.tasks)
        ]
        return {
            method.name: draw(space_of(method, kinds), self.trials, method.name, self.family)
            for method in able
        }

    def reason(self, task: TaskCard, method: MethodCard) -> str | None:
        """Say why a method is not tried on a task, or ``None``."""
        job = Job(task, method.for_task(task.name), 0, self.preset, data_dir=self.data_dir)
        validate(job)
        return reason_to_skip(job)


def by_family(tasks: Sequence[TaskCard]) -> dict[str, list[TaskCard]]:
    """Return tasks by their family, in the order in which families first come."""
    found: dict[str, list[TaskCard]] = {}
    for task in tasks:
        found.setdefault(task.family, []).append(task)
    return found


def on_validation(task: TaskCard, preset: Preset, share: float) -> TaskCard:
    """Return a task that is measured on its validation rows, after a share of its steps.

    Only what a search decides by is measured: samples of the model cost as much as ``log Z``.
    """
    steps = max(1, round(share * getattr(task.budget, preset).steps))
    card = with_steps(task, preset, steps)
    data = card.data.model_copy(update={"held_out": "validation"})
    names = [name for name in card.metrics.names if name in READ]
    metrics = card.metrics.model_copy(update={"names": names})
    return card.model_copy(update={"data": data, "metrics": metrics})


def search(request: Request, reporting: Reporting) -> list[Trials]:
    """Run every round of a search, and return its records, a round at a time.

    What is done already is not done again: the same call goes on where one was stopped.

    Raises:
        EbmbenchError: the request is wrong, or no method can do a task of the family.
    """
    rounds = rungs(request.trials, request.seeds)
    going = request.settings()
    if not going:
        raise EbmbenchError(f"no method of the request can do a {request.family} task")
    found: list[Trials] = []
    for rung in rounds:
        trials = Trials(tuple(_run(request, rung, going, reporting)))
        found.append(trials)
        best = {name: trials.order(name)[: max(1, rung.trials // 2)] for name in going}
        going = {
            name: [each for each in settings if each.number in best[name]]
            for name, settings in going.items()
        }
    return found


def _run(
    request: Request,
    rung: Rung,
    going: Mapping[str, Sequence[Setting]],
    reporting: Reporting,
) -> list[Record]:
    out = rung_folder(request.out, request.family, rung.number)
    plan = plan_jobs(_jobs(request, rung, going), out)
    return execute(plan, out, reporting(len(plan.run)), workers=request.workers)


def _jobs(request: Request, rung: Rung, going: Mapping[str, Sequence[Setting]]) -> list[Job]:
    """Return the runs of a round, the cheapest way to a whole picture first: trial by trial."""
    methods = {method.name: method for method in request.methods}
    tasks = {
        name: [task for task in request.tasks if request.reason(task, methods[name]) is None]
        for name in going
    }
    rows = max(len(settings) for settings in going.values())
    return [
        Job(
            on_validation(task, request.preset, rung.share),
            settings[row].applied(methods[name], task.name),
            seed,
            request.preset,
            data_dir=request.data_dir,
        )
        for seed in rung.seeds
        for row in range(rows)
        for name, settings in going.items()
        if row < len(settings)
        for task in tasks[name]
    ]
