"""The contract of an experiment: independent cells, and what their results come to."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ebmbench.options import build
from ebmbench.registry import Registry
from ebmbench.studies.reproductions.card import Claim, ReproductionCard

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ebmbench.cards import Preset

Cell = dict[str, str | int | float]
"""What one independent piece of an experiment is, in a few named values."""
Result = dict[str, float]
"""What came out of a cell, in a few named numbers."""
Table = Any
"""A pandas data frame of cells with their results; its stubs cannot know the columns' types."""

EXPERIMENTS: Registry[type[Experiment]] = Registry("experiment", {}, "ebmbench.experiments")


@dataclass(frozen=True)
class Measured:
    """Our value for a claim."""

    value: float
    stderr: float | None = None
    """Over repeats, where there are several."""
    n: int = 1
    """Repeats."""


@dataclass(frozen=True)
class Verdict:
    """A claim and what we found."""

    claim: Claim
    measured: Measured | None
    """``None``: the cells that it needs are not part of this preset, or failed."""

    @property
    def holds(self) -> bool | None:
        """Whether ours agrees with the published value by the claim's rule."""
        if self.measured is None:
            return None
        gap = self.measured.value - self.claim.published
        slack = self.claim.tolerance
        holds = {"within": abs(gap) <= slack, "at_most": gap <= slack, "at_least": gap >= -slack}
        return holds[self.claim.rule]


class Experiment(ABC):
    """A published experiment. A subclass is final, made by ``options`` from a preset's table."""

    @abstractmethod
    def cells(self) -> list[Cell]:
        """Return the grid, cheap cells before expensive ones."""

    @abstractmethod
    def run(self, cell: Cell) -> Result:
        """Compute one cell; its values alone decide every bit but those of times."""

    @abstractmethod
    def measure(self, table: Table) -> Mapping[str, Measured]:
        """Return our value for every claim whose cells are there.

        Arguments:
            table: one row per finished cell: its values and its results.
        """

    @abstractmethod
    def draw(self, table: Table) -> Figure:
        """Draw what the paper's figure or table shows, from our cells."""


def make_experiment(card: ReproductionCard, preset: Preset) -> Experiment:
    """Build the experiment of a card at a preset."""
    where = f"reproduction {card.name!r}, [presets.{preset}]"
    return build(EXPERIMENTS.get(card.experiment, vouched=True), card.options(preset), where)


def cell_id(card: ReproductionCard, cell: Cell) -> str:
    """Return 16 hexadecimal digits that identify a cell of a card."""
    text = json.dumps([card.name, card.version, cell], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def judge(card: ReproductionCard, experiment: Experiment, table: Table) -> list[Verdict]:
    """Return the verdict on every claim of a card."""
    measured = experiment.measure(table) if len(table) else {}
    return [Verdict(claim, measured.get(claim.id)) for claim in card.claims]
