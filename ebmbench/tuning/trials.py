"""What the records of a search say: the value of every trial under every criterion."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ebmbench.records import MetricRecord, Record, Status, holds_records, read_records
from ebmbench.tuning.halving import least_behind, ordered
from ebmbench.tuning.setting import trial_of

READ = ("log_likelihood", "fisher_divergence", "hyvarinen_score")
"""Metrics that a search decides by, or shows beside what decides."""

Criterion = Callable[[Record], float]
"""A number of a trial's record, higher is better; ``-inf`` where there is none."""


def likelihood(record: Record) -> float:
    """Return the log-likelihood of validation rows; one that was refused counts by its low end."""
    found = record.metrics.get(READ[0])
    if found is None:
        return -math.inf
    return found.value if found.certified or found.lower is None else found.lower


def own_loss(record: Record) -> float:
    """Return minus the objective's own loss on validation rows, where it can be compared."""
    found = record.selection
    if found is None or found.selected.validation_loss is None:
        return -math.inf
    return -found.selected.validation_loss


def score_error(record: Record) -> float:
    """Return minus the Fisher divergence or, where the truth is not known, Hyvärinen's score."""
    for name in READ[1:]:
        found: MetricRecord | None = record.metrics.get(name)
        if found is not None and math.isfinite(found.value):
            return -found.value
    return -math.inf


CRITERIA: dict[str, Criterion] = {
    "likelihood": likelihood, "own loss": own_loss, "score": score_error,
}  # fmt: skip
"""The first decides; the others are shown beside it."""
DECIDES = "likelihood"


@dataclass(frozen=True)
class Trials:
    """The records of one round of a search in one family."""

    records: tuple[Record, ...]

    @property
    def methods(self) -> list[str]:
        """Methods that were searched."""
        return list(dict.fromkeys(trial_of(record.method)[0] for record in self.records))

    def of(self, method: str) -> dict[int, list[Record]]:
        """Return the records of a method by the number of the trial, cells in one order."""
        found: dict[int, list[Record]] = {}
        for record in sorted(self.records, key=lambda each: (each.task, each.seed)):
            name, number = trial_of(record.method)
            if name == method:
                found.setdefault(number, []).append(record)
        return dict(sorted(found.items()))

    def values(self, method: str, criterion: Criterion) -> dict[int, list[float]]:
        """Return by trial its value in every cell; a run that did not end well has none."""
        return {
            number: [
                criterion(record) if record.status is Status.OK else -math.inf
                for record in records
            ]
            for number, records in self.of(method).items()
        }

    def order(self, method: str, criterion: Criterion = likelihood) -> list[int]:
        """Return the numbers of the trials of a method, the best first."""
        return ordered(self.values(method, criterion))


def mean_gaps(trials: Trials, method: str) -> dict[int, float]:
    """Return by trial the mean over cells of its log-likelihood below the best of all methods.

    In nats; ``-inf`` for a trial that gave none in some cell.
    """
    tables = {name: trials.values(name, likelihood) for name in trials.methods}
    best: dict[tuple[str, int], float] = {}
    for name in trials.methods:
        for number, records in trials.of(name).items():
            for record, value in zip(records, tables[name][number], strict=True):
                cell = (record.task, record.seed)
                best[cell] = max(best.get(cell, -math.inf), value)
    found = {}
    for number, records in trials.of(method).items():
        tops = [best[record.task, record.seed] for record in records]
        pairs = zip(tables[method][number], tops, strict=True)
        gaps = [v - top if v > -math.inf else -math.inf for v, top in pairs]
        found[number] = sum(gaps) / len(gaps)
    return found


def family_folder(out: Path, family: str) -> Path:
    """Return where all of a search in one family lies."""
    return out / family.replace(" ", "-")


def rung_folder(out: Path, family: str, number: int) -> Path:
    """Return where the records of a round lie; it is an output folder like any other."""
    return family_folder(out, family) / f"rung-{number}"


def read_trials(folder: Path) -> Trials:
    """Read the records of a round; none if the folder is not there yet."""
    return Trials(tuple(read_records(folder)) if holds_records(folder) else ())


def winners(last: Trials, method: str) -> Mapping[str, int]:
    """Return by criterion the trial of the last round that it would choose.

    By likelihood, the one that is the fewest nats behind; by the others, whose units differ
    between tasks, the one of the lowest mean rank. A criterion that no trial has a value of is
    left out.
    """
    found = {}
    for name, criterion in CRITERIA.items():
        values = last.values(method, criterion)
        if any(math.isfinite(value) for cells in values.values() for value in cells):
            found[name] = least_behind(values) if name == DECIDES else ordered(values)[0]
    return found


def settings_differ(records: Iterable[Record]) -> list[str]:
    """Return the knobs in which the cards of trials differ, by their place in the card."""
    cards = [record.method_card for record in records]
    tables = [
        {
            **{f"optimiser.{k}": v for k, v in card.optimiser.model_dump().items()},
            **{f"hyperparameters.{k}": v for k, v in card.hyperparameters.items()},
            "coordinates": card.coordinates,
        }
        for card in cards
    ]
    names = dict.fromkeys(name for table in tables for name in table)
    return [name for name in names if len({str(table.get(name)) for table in tables}) > 1]
