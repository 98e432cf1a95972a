"""The outcome of a search: its winner, its table, and the words that go to the card."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ebmbench.errors import EbmbenchError
from ebmbench.harness.provenance import code_hash, commit_here
from ebmbench.records import Record
from ebmbench.tuning.setting import trial_of
from ebmbench.tuning.trials import CRITERIA, DECIDES, Trials, settings_differ, winners

COLUMNS = (
    "method", "trial", "rung", "task", "seed", "steps", "status", "settings",
    "log_likelihood", "lower", "upper", "certified", "own_loss", "score_error", "train_seconds",
)  # fmt: skip


@dataclass(frozen=True)
class Winner:
    """What a search chose for one method in one family."""

    method: str
    number: int
    """Of the trial; 0: the card as it stood."""
    hyperparameters: dict[str, Any]
    optimiser: dict[str, Any]
    coordinates: str
    knobs: list[str]
    """What was searched, by name."""
    other: dict[str, int]
    """What the other criteria would have chosen, by criterion."""
    trials: int
    seeds: list[int]
    tasks: list[str]
    steps: list[int]
    commit: str
    """Of the code that ran the last round, or its hash where it was no checkout."""

    @property
    def values(self) -> dict[str, Any]:
        """What distinguishes the winner, by knob."""
        known = {**self.optimiser, "coordinates": self.coordinates, **self.hyperparameters}
        return {name: known[name] for name in self.knobs if name in known}


def chosen(rounds: Sequence[Trials], method: str) -> Winner:
    """Return the winner of a search for a method that was tried to its end.

    Raises:
        EbmbenchError: no trial of it has a likelihood.
    """
    last = rounds[-1]
    best = winners(last, method)
    if DECIDES not in best:
        raise EbmbenchError(f"no trial of {method!r} in the last round came to a likelihood")
    number = best[DECIDES]
    records = last.of(method)[number]
    card = records[0].method_card
    return Winner(
        method=method,
        number=number,
        hyperparameters=dict(card.hyperparameters),
        optimiser=card.optimiser.model_dump(),
        coordinates=card.coordinates,
        knobs=_knobs(rounds[0], method),
        other={name: each for name, each in best.items() if name != DECIDES},
        trials=len(rounds[0].of(method)),
        seeds=sorted({record.seed for record in records}),
        tasks=sorted({record.task for record in records}),
        steps=[_steps(each.of(method)) for each in rounds],
        commit=_commit(records),
    )


def _knobs(first: Trials, method: str) -> list[str]:
    searched = (records[0] for number, records in first.of(method).items() if number)
    return [name.rpartition(".")[2] for name in settings_differ(searched)]


def _commit(records: Sequence[Record]) -> str:
    """Return the commit that ran records; where it is another than here, the hash of its code."""
    codes = sorted({record.hashes["code"] for record in records})
    return (commit_here() if codes == [code_hash()] else "") or ", ".join(codes)


def found_words(winner: Winner) -> str:
    """Say in a sentence how a setting was found, for ``found`` of the card."""
    rounds = ", ".join(str(steps) for steps in winner.steps)
    names = ", ".join(winner.tasks)
    what = "the card's own values, the best" if winner.number == 0 else f"trial {winner.number}"
    return (
        f"ebmbench tune: {what} of {winner.trials} settings (scrambled Sobol points), halved over "
        f"{rounds} steps on {names}, seeds {winner.seeds[0]} to {winner.seeds[-1]} at the end; "
        "fewest nats behind the best of a task and seed, validation log-likelihood."
    )


def trials_csv(rounds: Sequence[Trials]) -> str:
    """Return one row per trial, task and seed of every round as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for rung, trials in enumerate(rounds, start=1):
        writer.writerows(_row(record, rung) for record in trials.records)
    return text.getvalue()


def _row(record: Record, rung: int) -> dict[str, Any]:
    method, number = trial_of(record.method)
    card = record.method_card
    likelihood = record.metrics.get("log_likelihood")
    values = {**card.optimiser.model_dump(), "coordinates": card.coordinates}
    values |= card.hyperparameters
    return {
        "method": method,
        "trial": number,
        "rung": rung,
        "task": record.task,
        "seed": record.seed,
        "steps": None if record.cost is None else record.cost.steps,
        "status": record.status.value,
        "settings": " ".join(f"{name}={value}" for name, value in values.items()),
        "log_likelihood": likelihood and likelihood.value,
        "lower": likelihood and likelihood.lower,
        "upper": likelihood and likelihood.upper,
        "certified": likelihood and likelihood.certified,
        "own_loss": -CRITERIA["own loss"](record),
        "score_error": -CRITERIA["score"](record),
        "train_seconds": None if record.cost is None else record.cost.train_seconds,
    }


def _steps(trials: dict[int, list[Record]]) -> int:
    costs = [record.cost for records in trials.values() for record in records]
    return max((cost.steps for cost in costs if cost is not None), default=0)
