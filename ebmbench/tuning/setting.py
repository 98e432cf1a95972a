"""One trial's values of the knobs, and the card that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ebmbench.cards import MethodCard
from ebmbench.errors import EbmbenchError

TRIAL = "trial-"


@dataclass(frozen=True)
class Setting:
    """Values that replace those of a card; empty, number 0, it is the card as it stands."""

    number: int
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    optimiser: Mapping[str, Any] = field(default_factory=dict)
    coordinates: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """All values by knob."""
        common = {} if self.coordinates is None else {"coordinates": self.coordinates}
        return {**self.optimiser, **common, **self.hyperparameters}

    def applied(self, method: MethodCard, task: str) -> MethodCard:
        """Return the card of this trial of ``method`` on ``task``, named as :func:`trial_name`.

        Raises:
            EbmbenchError: a value that the card cannot have.
        """
        card = method.for_task(task)
        name = trial_name(method.name, self.number)
        values = card.model_dump() | {"name": name, "trials": None}
        values["hyperparameters"] |= self.hyperparameters
        values["optimiser"] |= self.optimiser
        if self.coordinates is not None:
            values["coordinates"] = self.coordinates
        return MethodCard.model_validate(values).placed(method.folder)


def trial_name(method: str, number: int) -> str:
    """Return the name under which a trial of a method is recorded."""
    return f"{method}/{TRIAL}{number:02d}"


def trial_of(name: str) -> tuple[str, int]:
    """Return the method and the number of the trial that a record's method name says.

    Raises:
        EbmbenchError: it is no name of a trial.
    """
    method, _, number = name.rpartition(f"/{TRIAL}")
    if not method or not number.isdecimal():
        raise EbmbenchError(f"{name!r} is no trial of a method; allowed: name/{TRIAL}NN")
    return method, int(number)
