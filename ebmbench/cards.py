"""Task cards and method cards: parsed, validated, hashed.

A card is a TOML file that says everything about a task or a method; no card contains code. What
is not known here (an unknown key, a wrong type, a value out of range) is refused with one sentence
that names the file, the key, what was found and what is allowed.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import weakref
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from ebmbench.cardfiles import read_toml
from ebmbench.cardtables import (
    Budgets,
    Citation,
    Coordinates,
    DataTable,
    EnergyTable,
    MetricsTable,
    Optimiser,
    Positive,
    Published,
    SearchRange,
    Table,
    Tuned,
)
from ebmbench.errors import EbmbenchError, cut, did_you_mean
from ebmbench.names import MethodName, Name, method_label
from ebmbench.options import Values, explain, field_names

Preset = Literal["smoke", "standard", "full"]
PRESETS: tuple[Preset, ...] = ("smoke", "standard", "full")
Selection = Literal["own-loss", "last"]
"""Which weights of a run are scored: those of the lowest own validation loss, or of the end."""
CHECKPOINT_SECONDS = 60.0
"""Between two states that are kept of the training of a run, unless told otherwise."""
SELECTIONS: tuple[Selection, ...] = ("own-loss", "last")
Family = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9 -]*[a-z0-9])?$", max_length=40)
]
"""An open word: families that are not built in get a board under their own name."""
REFERENCE = "reference"
"""The family of methods that are normalised references."""
SCORE_MATCHING = "score matching"


M = TypeVar("M", bound=BaseModel)


class Card(Table):
    """What task cards and method cards have in common; not used by itself."""

    name: Name
    """The path of the card below its folder, without the suffix."""
    version: Positive
    """Raised by whoever changes what the card computes; tables never mix versions."""
    title: str
    family: Family
    tags: list[str] = Field(default_factory=list)
    summary: str
    citation: Citation
    settings: dict[str, Any] = Field(default_factory=dict)
    """What ``--set`` put in place of the card's own values, by key."""

    _folder: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path | None:
        """Where the card was read from, if it was given by path; not part of what it asks for."""
        return self._folder

    def placed(self, folder: Path | None) -> Self:
        """Return this card with :attr:`folder` set."""
        copy = self.model_copy()
        copy._folder = folder
        return copy


class TaskCard(Card):
    """One density-estimation problem: data, network, budget, metrics and reference values."""

    licence: str
    """Licence of the data, or ``synthetic``."""
    preprocessing: str
    """What is done to the raw rows, in one or two sentences."""
    data: DataTable
    energy: EnergyTable
    budget: Budgets
    metrics: MetricsTable
    published: list[Published] = Field(default_factory=list)


C = TypeVar("C", bound=Card)


class MethodCard(Card):
    """One way to fit a model: an objective with its optimiser, or a normalised reference."""

    name: MethodName
    equation: str
    """LaTeX of the loss as implemented."""
    assumptions: str = ""
    objective: str | None = None
    """A name of :data:`ebmbench.registry.OBJECTIVES` or ``package.module:Class``."""
    estimator: str | None = None
    """A name of :data:`ebmbench.registry.ESTIMATORS` or ``package.module:Class``."""
    coordinates: Coordinates = "standardised"
    """Those in which the energy is trained, where its class can be: both are linear maps fitted
    to training rows, which cost no user anything."""
    hyperparameters: Values = Field(default_factory=dict)
    optimiser: Optimiser = Optimiser()
    trials: Positive | None = None
    """Of a card as used on a task: settings that ``ebmbench tune`` tried to find its values."""
    search: dict[str, SearchRange] = Field(default_factory=dict)
    tuned: list[Tuned] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_of(self) -> MethodCard:
        if (self.objective is None) == (self.estimator is None):
            raise ValueError("exactly one of objective and estimator")
        if (self.estimator is None) == (self.family == REFERENCE):
            raise ValueError("the family 'reference' with an estimator, any other without")
        return self

    @model_validator(mode="after")
    def _named_by_its_settings(self) -> MethodCard:
        name = self.name.partition("[")[0]
        label = method_label(name, self.settings)
        if label != self.name:
            raise ValueError(f"name is {self.name!r}, allowed with these settings: {label!r}")
        return self

    def for_task(self, task: str) -> MethodCard:
        """Return this card with the values tuned for ``task`` put in; later tables win.

        What was set by hand comes last.
        """
        hyperparameters = dict(self.hyperparameters)
        optimiser = self.optimiser.model_dump()
        coordinates, trials = self.coordinates, self.trials
        for tuned in self.tuned:
            if fnmatch.fnmatchcase(task, tuned.tasks):
                hyperparameters |= tuned.hyperparameters
                optimiser |= tuned.optimiser
                coordinates = tuned.coordinates or coordinates
                trials = tuned.trials
        for key, value in self.settings.items():
            if key == "coordinates":
                coordinates = value
            else:
                (optimiser if key in Optimiser.model_fields else hyperparameters)[key] = value
        values: dict[str, Any] = {
            "coordinates": coordinates,
            "trials": None if self.settings else trials,
            "hyperparameters": hyperparameters,
            "optimiser": optimiser,
            "tuned": [],
        }
        return changed_card(self, values, f"card {self.name!r} tuned for {task!r}")


def changed_card(card: C, values: dict[str, Any], where: str) -> C:
    """Return a card with other values in some of its keys.

    Raises:
        EbmbenchError: a value that the card does not take; the sentence begins with ``where``.
    """
    changed = _validate(type(card), card.model_dump() | values, where)
    return changed.placed(card.folder)


def read_card(cls: type[M], path: Path) -> M:
    """Read and validate one card.

    Raises:
        EbmbenchError: the file cannot be read, is not TOML, or is not a valid card.
    """
    return _validate(cls, read_toml(path), str(path))


def card_by_path(cls: type[C], path: Path) -> C:
    """Read a card as :func:`read_card`; its classes and files are looked for beside it first."""
    return read_card(cls, path).placed(path.resolve().parent)


def card_hash(card: Card) -> str:
    """Return 16 hexadecimal digits that identify what the card asks for."""
    known = _HASHES.get(id(card))
    if known is not None and known[0]() is card:
        return known[1]
    canonical = json.dumps(card.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    found = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    key = id(card)
    _HASHES[key] = weakref.ref(card, lambda _: _HASHES.pop(key, None)), found
    return found


_HASHES: dict[int, tuple[weakref.ref[Card], str]] = {}
"""By the identity of a card: thousands of records share a few hundred of them."""


def _validate(cls: type[M], values: dict[str, Any], where: str) -> M:
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        unknown = next((e["loc"] for e in errors if e["type"] == "extra_forbidden"), None)
        if unknown:
            *table, key = unknown
            inside = f" in [{cut('.'.join(map(str, table)))}]" if table else ""
            hint = did_you_mean(str(key), field_names(cls, tuple(table)))
            found = repr(cut(str(key)))
            raise EbmbenchError(f"{where}: unknown key {found}{inside}{hint}") from None
        raise EbmbenchError(f"{where}: {explain(error)}") from None
