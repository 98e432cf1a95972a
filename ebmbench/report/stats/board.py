"""What a leaderboard holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from ebmbench.report.stats.cells import Cell, Measure
from ebmbench.report.stats.costs import MedianCosts
from ebmbench.report.stats.outcomes import GAUSSIAN, Outcomes, Truths
from ebmbench.report.stats.room import Room, with_room
from ebmbench.report.stats.rows import Moments


@dataclass(frozen=True)
class Row:
    """One method on one board."""

    method: str
    kind: str
    """``oracle``, ``reference`` or empty."""
    cells: dict[str, Cell]
    """By task, in the measure of the task."""
    raw: dict[str, Cell]
    """By task, log-likelihood as the records have it."""
    rank: float | None
    """Mean rank among the objectives over the ranked tasks; ``None`` where a task or seed is
    missing, or no task is ranked."""
    rank_low: float | None
    """The best mean rank that the brackets leave."""
    rank_high: float | None
    cost: MedianCosts
    trials: int = 0
    """Settings that a search tried for it on every task of the board, at least; 0: it has default
    values, or values found in another way, on some."""

    @property
    def step_ms(self) -> float | None:
        """Median over runs of the median milliseconds per step."""
        return self.cost.step_ms

    @property
    def passes(self) -> float | None:
        """Median over runs of network passes per training example and step."""
        return self.cost.passes

    @property
    def train_seconds(self) -> float | None:
        """Median over runs of training seconds."""
        return self.cost.train_seconds

    @property
    def peak_bytes(self) -> float | None:
        """Median over runs of the allocator's peak."""
        return self.cost.peak_bytes


@dataclass(frozen=True, eq=False)
class Board:
    """Tasks of one family on which the same methods can run."""

    family: str
    """The name of the board: that of the family, with a suffix where the family is split."""
    title: str
    tasks: list[str]
    rows: list[Row]
    """Best mean rank first; the oracle on top, references at the bottom."""
    optimum: dict[str, float]
    """Mean log-density of the true density on the test rows, where it is known."""
    measures: dict[str, Measure]
    """What the cells of a task hold."""
    ropes: dict[str, float]
    """Nats that make no practical difference on a task."""
    rooms: dict[str, Room]
    """What lies between Gaussian and best, where it can be told from noise."""
    outcomes: Outcomes = field(repr=False)
    truths: Truths = field(repr=False)
    moments: Moments = field(repr=False)
    cannot: list[str]
    """Objectives of the family that cannot run on these tasks."""
    cost_note: str
    """What was contended, per column."""

    @property
    def labels(self) -> dict[str, str]:
        """Column titles: the task names, without their folder where all share one."""
        if len({task.partition("/")[0] for task in self.tasks}) > 1:
            return {task: task for task in self.tasks}
        return {task: task.partition("/")[2] or task for task in self.tasks}

    @property
    def seeds(self) -> int:
        """How many seeds any task has at most."""
        return max((len(self.outcomes[task]) for task in self.tasks), default=0)

    @property
    def ranked_tasks(self) -> list[str]:
        """The tasks with room for a difference, or of which that is not known."""
        return with_room(self.tasks, self.rooms)

    @property
    def ranked(self) -> list[Row]:
        """The objectives that took part in every task and seed, best first."""
        return [row for row in self.rows if row.rank is not None]

    def reference(self, task: str) -> float | None:
        """Return the log-likelihood of the fitted Gaussian on a task, the rule to beat."""
        for row in self.rows:
            if row.method == GAUSSIAN and (score := row.raw[task].score) is not None:
                return score.mean
        return None


@dataclass(frozen=True)
class Boards:
    """All boards, and what holds for all."""

    boards: list[Board]
    preset: str
    seeds: int
    processors: list[str]
    """Of every machine that ran something."""
    contended: bool
    notes: list[str]
    """Skipped, failed and refused runs, with reasons, grouped."""
    moments: Moments = field(repr=False)
    """Of the test rows, as far as they are stored."""
