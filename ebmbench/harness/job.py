"""A job: everything that one run depends on, and its identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ebmbench.cards import (
    CHECKPOINT_SECONDS,
    PRESETS,
    Card,
    MethodCard,
    Preset,
    Selection,
    TaskCard,
    card_hash,
)
from ebmbench.errors import EbmbenchError, did_you_mean
from ebmbench.records import Outline, Record, record_path
from ebmbench.trust import may_name

C = TypeVar("C", bound=Card)

EFFORT: dict[Preset, int] = {"smoke": 0, "standard": 1, "full": 2}
"""How much work an estimator of ``log Z`` may do under each preset."""

SEEDS: dict[Preset, int] = {"smoke": 1, "standard": 3, "full": 5}
"""How many seeds each preset runs unless told otherwise."""


@dataclass(frozen=True)
class Job:
    """One task, one method, one seed."""

    task: TaskCard
    method: MethodCard
    """With the values tuned for the task put in (:meth:`MethodCard.for_task`)."""
    seed: int
    preset: Preset
    device: str = "cpu"
    data_dir: Path | None = None
    """Where data files are looked for first; not part of the identity."""
    selection: Selection = "own-loss"
    """Which weights are scored."""
    rows: str | None = None
    """Hash of the rows of the other records of this task and seed, with which its own must be
    the same; ``None``: there are none. Not part of the identity."""
    checkpoint: float = CHECKPOINT_SECONDS
    """Seconds between two states that are kept of its training, from which it goes on if it is
    killed. Not part of the identity."""

    @property
    def run_id(self) -> str:
        """Hash of what is asked: not of order, path or time."""
        asked = [card_hash(self.task), card_hash(self.method), self.seed, self.preset, self.device]
        if self.selection != "own-loss":
            asked.append(self.selection)
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """The job in words."""
        return f"{self.task.name} × {self.method.name} seed {self.seed}"

    def path(self, out: Path) -> Path:
        """Return where the record goes under the output folder."""
        return record_path(out, self.task.name, self.method.name, self.seed)


def refuse_preset(preset: str) -> None:
    """Check that a preset is one.

    Raises:
        EbmbenchError: it is not.
    """
    if preset not in PRESETS:
        raise EbmbenchError(f"unknown preset {preset!r}{did_you_mean(str(preset), PRESETS)}")


def requested_job(record: Outline, data_dir: Path | None = None) -> Job:
    """Return the job that a record says was asked for."""
    device = record.machine.get("device", "cpu")
    return Job(
        record.task_card,
        record.method_card,
        record.seed,
        record.preset,
        device,
        data_dir,
        record.selected_by,
    )


def requested_id(record: Outline) -> str:
    """Return the identity of the job that a record says was asked for."""
    return requested_job(record).run_id


def placed(records: Iterable[Record], cards: Iterable[Card]) -> list[Record]:
    """Return records whose cards know the folder of the card files that they came from.

    A record does not say where that was, since it is read elsewhere too; the classes that a card
    names are found where it lies. A record that names other classes than the card of its name is
    a stranger's, and stays as it is.

    Arguments:
        records: read from an output folder.
        cards: installed, or as they were given on the command line; the last of a name counts.
    """
    given = list(cards)
    tasks = {card.name: card for card in given if isinstance(card, TaskCard)}
    # What was set in a method changes no class that its card names.
    methods = {_base(card.name): card for card in given if isinstance(card, MethodCard)}
    found = []
    for record in records:
        task = _placed(record.task_card, tasks.get(record.task))
        method = _placed(record.method_card, methods.get(_base(record.method)))
        if task is not record.task_card or method is not record.method_card:
            record = record.model_copy(update={"task_card": task, "method_card": method})
        found.append(record)
    return found


def _base(method: str) -> str:
    return method.partition("[")[0]


def _placed(card: C, given: Card | None) -> C:
    trusted = given is not None and given.folder is not None and may_name(card, given)
    return card.placed(given.folder) if given is not None and trusted else card


def make_jobs(
    tasks: list[TaskCard],
    methods: list[MethodCard],
    *,
    seeds: int,
    preset: Preset,
    device: str = "cpu",
    data_dir: Path | None = None,
    selection: Selection = "own-loss",
) -> list[Job]:
    """Cross tasks, methods and seeds ``0 … seeds − 1``, seeds outermost.

    With seeds outermost an interrupted grid leaves whole replicates behind.
    """
    # One card for all seeds, which is validated and hashed once.
    pairs = [(task, method.for_task(task.name)) for task in tasks for method in methods]
    return [
        Job(task, method, seed, preset, device, data_dir, selection)
        for seed in range(seeds)
        for task, method in pairs
    ]
