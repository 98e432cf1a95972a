"""The leaderboard: a pure function of the records."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from statistics import median

from ebmbench.cards import MethodCard
from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, RunCost, Status, network_passes
from ebmbench.report.stats.intervals import Interval, mean_interval, ranks
from ebmbench.report.stats.mixtures import refuse_mixtures
from ebmbench.report.stats.reasons import explain, make_notes

HEADLINE = "log_likelihood"
GAUSSIAN = "gaussian"
"""The method card that every board has as the rule to beat."""
FAMILY_TITLES = {
    "2d": "Densities in the plane",
    "ica": "Independent component analysis",
    "uci": "Tables",
    "image": "Images",
}
ABSENT = "–"


@dataclass(frozen=True)
class Cell:
    """What one method reached on one task."""

    score: Interval | None
    """Mean over seeds; ``None`` when a run failed or a number was refused."""
    word: str
    """What to print in place of a score: ``refused``, ``diverged 1/3``, ``skipped``, ``–``."""
    missing: int
    """Seeds that other methods of the task have and this one has not."""
    values: Mapping[int, float]
    """The certified number of each seed that has one."""

    @property
    def takes_part(self) -> bool:
        """Whether all seeds were tried, so that a missing score is the method's own failure."""
        return self.missing == 0 and self.word not in (ABSENT, "skipped")


@dataclass(frozen=True)
class Row:
    """One method on one family of tasks."""

    method: str
    kind: str
    """``oracle``, ``reference`` or empty."""
    cells: dict[str, Cell]
    rank: float | None
    """Mean rank among the objectives over the tasks; ``None`` where a task is missing."""
    step_ms: float | None
    """Median over runs of the median milliseconds per step; contended ones only if all are."""
    passes: float | None
    """Median over runs of network passes per training example and step (see :func:`passes`)."""
    train_seconds: float | None
    """Median over runs, of the same ones."""
    peak_bytes: float | None
    """Median over runs of the allocator's peak."""


@dataclass(frozen=True)
class Board:
    """The leaderboard of one family of tasks."""

    family: str
    title: str
    tasks: list[str]
    rows: list[Row]
    """Best mean rank first; the oracle on top, references at the bottom."""
    optimum: dict[str, float]
    """Mean log-density of the true density on the test rows, where it is known."""

    @property
    def labels(self) -> dict[str, str]:
        """Column titles: the task names, without their folder where all share one."""
        if len({task.partition("/")[0] for task in self.tasks}) > 1:
            return {task: task for task in self.tasks}
        return {task: task.partition("/")[2] for task in self.tasks}

    def reference(self, task: str) -> float | None:
        """Return what the fitted Gaussian reaches on a task, the rule to beat."""
        for row in self.rows:
            if row.method == GAUSSIAN and (score := row.cells[task].score) is not None:
                return score.mean
        return None


@dataclass(frozen=True)
class Boards:
    """All families, and what holds for all."""

    boards: list[Board]
    preset: str
    seeds: int
    processors: list[str]
    """Of every machine that ran something."""
    contended: bool
    notes: list[str]
    """Skipped, failed and refused runs, with reasons, grouped."""


def contended_pairs(records: Sequence[Record]) -> frozenset[tuple[str, str]]:
    """Return the pairs of task and method whose timings do not stand beside the others.

    They are those that were timed on shared cores, where some were timed alone; where all were
    shared or none was, all are alike and the set is empty.
    """
    timed = [record for record in records if record.cost is not None]
    if all(record.contended for record in timed):
        return frozenset()
    return frozenset((record.task, record.method) for record in timed if record.contended)


def kind_of(card: MethodCard) -> str:
    """Return ``oracle``, ``reference`` or empty."""
    if "oracle" in card.tags:
        return "oracle"
    return "reference" if card.family == "reference" else ""


def passes(cost: RunCost) -> float:
    """Return network passes per training example and step."""
    return network_passes(cost.energy_evaluations, cost.score_evaluations, cost.hvp_evaluations)


def make_boards(records: Sequence[Record]) -> Boards:
    """Build the leaderboards.

    A cell is the mean over seeds of the test log-likelihood. A failed run or a refused number
    takes the score away and counts as worst in the ranks. A skipped pair takes no part, and a
    method with a task or a seed missing gets no rank. A task that nobody solves ranks nobody.

    Raises:
        EbmbenchError: there is no record, or they mix presets, cards or versions of a card.
    """
    if not records:
        raise EbmbenchError("a leaderboard needs at least one record")
    refuse_mixtures(records)
    families: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.task, r.method, r.seed)):
        families[record.task_card.family].append(record)
    apart = contended_pairs(records)
    boards = [
        _board(family, families[family], apart) for family in FAMILY_TITLES if family in families
    ]
    boards = [board for board in boards if board.tasks]
    trained = [r for r in records if r.status is Status.OK]
    return Boards(
        boards=boards,
        preset=records[0].preset,
        seeds=len({record.seed for record in records}),
        processors=sorted({r.machine["processor"] for r in trained if "processor" in r.machine}),
        contended=any(record.contended for record in trained),
        notes=[*make_notes(records, HEADLINE), *_explanations(boards, records)],
    )


def _board(family: str, records: list[Record], apart: Set[tuple[str, str]]) -> Board:
    by_pair: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        by_pair[record.task, record.method].append(record)
    ran = [r for r in records if r.status is not Status.SKIPPED]
    tasks = sorted({r.task for r in ran}, key=natural_order)
    cards = {r.method: r.method_card for r in ran}
    seeds = {task: len({r.seed for r in ran if r.task == task}) for task in tasks}
    cells = {
        method: {task: make_cell(by_pair.get((task, method), []), seeds[task]) for task in tasks}
        for method in cards
    }
    kinds = {method: kind_of(card) for method, card in cards.items()}
    rank = _mean_ranks(tasks, {m: cells[m] for m in cards if not kinds[m]})
    order = {"oracle": 0, "": 1, "reference": 2}
    rows = [
        Row(
            method=method,
            kind=kinds[method],
            cells=cells[method],
            rank=rank.get(method),
            **_costs([r for r in records if r.method == method], apart),
        )
        for method in cards
    ]
    rows.sort(key=lambda r: (order[r.kind], r.rank is None, r.rank or 0.0, r.method))
    return Board(family, FAMILY_TITLES[family], tasks, rows, _optima(tasks, records))


def make_cell(records: Sequence[Record], expected: int, metric: str = HEADLINE) -> Cell:
    """Return what the runs of one method on one task come to.

    Arguments:
        records: of the pair; none where it was never tried.
        expected: how many seeds there should be.
        metric: which number. A run that lacks the headline is refused; no other is promised.
    """
    numbers = {r.seed: r.metrics[metric] for r in records if metric in r.metrics}
    if not records or (metric != HEADLINE and not numbers):
        return Cell(None, ABSENT, expected, {})
    values = {
        seed: number.value
        for seed, number in numbers.items()
        if number.certified and math.isfinite(number.value)
    }
    words = Counter(r.status.value.replace("_", " ") for r in records if r.status != Status.OK)
    for record in records:
        if record.status is Status.OK and record.seed not in values:
            number = numbers.get(record.seed)
            words["refused" if number is None or not number.certified else "infinite"] += 1
    if not words:
        return Cell(mean_interval(list(values.values())), "", expected - len(records), values)
    word, count = words.most_common(1)[0]
    text = word if count == len(records) else f"{word} {count}/{len(records)}"
    return Cell(None, text, max(expected - len(records), 0), values)


def below_gaussian(board: Board, row: Row, task: str) -> bool:
    """Return whether a trained energy's mean is below that of the fitted Gaussian."""
    score, reference = row.cells[task].score, board.reference(task)
    if row.kind == "reference" or score is None or reference is None:
        return False
    return score.mean < reference


def _explanations(boards: Sequence[Board], records: Sequence[Record]) -> list[str]:
    """Say of every method that stays below the Gaussian on a task what is known about why."""
    runs: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        runs[record.task, record.method].append(record)
    return [
        f"below the Gaussian: {task} × {row.method}: {explain(runs[task, row.method])}"
        for board in boards
        for task in board.tasks
        for row in board.rows
        if below_gaussian(board, row, task)
    ]


def _mean_ranks(
    tasks: list[str], cells: Mapping[str, Mapping[str, Cell]]
) -> dict[str, float | None]:
    solved = [t for t in tasks if any(row[t].score is not None for row in cells.values())]
    places: dict[str, list[float]] = defaultdict(list)
    for task in solved:
        taking = {
            method: None if (score := row[task].score) is None else score.mean
            for method, row in cells.items()
            if row[task].takes_part
        }
        for method, place in ranks(taking, higher_is_better=True).items():
            places[method].append(place)
    return {
        method: sum(places[method]) / len(solved)
        if solved and len(places[method]) == len(solved)
        else None
        for method in cells
    }


def _costs(records: list[Record], apart: Set[tuple[str, str]]) -> dict[str, float | None]:
    costs = [record.cost for record in records if record.cost is not None]
    alike = [r.cost for r in records if r.cost is not None and (r.task, r.method) not in apart]
    peaks = [c.allocator_peak_bytes for c in costs if c.allocator_peak_bytes is not None]
    return {
        "step_ms": median(c.step_ms_median for c in alike) if alike else None,
        "passes": median(map(passes, costs)) if costs else None,
        "train_seconds": median(c.train_seconds for c in alike) if alike else None,
        "peak_bytes": median(peaks) if peaks else None,
    }


def _optima(tasks: list[str], records: Iterable[Record]) -> dict[str, float]:
    """The truth's log-likelihood is that of any method plus its regret; averaged over seeds."""
    truth: dict[str, dict[int, float]] = defaultdict(dict)
    for record in records:
        likelihood, regret = record.metrics.get(HEADLINE), record.metrics.get("regret")
        if likelihood is not None and regret is not None:
            truth[record.task].setdefault(record.seed, likelihood.value + regret.value)
    return {task: mean_interval(list(truth[task].values())).mean for task in tasks if truth[task]}


def natural_order(name: str) -> tuple[str, int, str]:
    """Return a key that sorts task names by folder, and numbers by size.

    Example:
        >>> sorted(["ica/10", "ica/laplace-4", "ica/2"], key=natural_order)
        ['ica/2', 'ica/10', 'ica/laplace-4']
    """
    folder, _, rest = name.partition("/")
    return (folder, int(rest), "") if rest.isdigit() else (folder, 1 << 30, rest)
