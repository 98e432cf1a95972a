"""The leaderboard: a pure function of the records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ebmbench.cards import MethodCard
from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, Status
from ebmbench.report.stats import Interval, mean_interval, ranks

HEADLINE = "log_likelihood"
FAMILY_TITLES = {
    "2d": "Densities in the plane",
    "ica": "Independent component analysis",
    "uci": "Tables",
    "image": "Images",
}


@dataclass(frozen=True)
class Cell:
    """What one method reached on one task."""

    score: Interval | None
    """Mean over seeds; ``None`` when a run failed or a number was refused."""
    word: str
    """What to print in place of a score: ``refused``, ``diverged``, ``skipped``, ``–``."""
    missing: int
    """Seeds that other methods of the task have and this one has not."""


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
    """Median over runs of the median milliseconds per step."""
    train_seconds: float | None
    """Median over runs."""
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


@dataclass(frozen=True)
class Boards:
    """All families, and what holds for all."""

    boards: list[Board]
    preset: str
    seeds: int
    machine: dict[str, str]
    contended: bool
    notes: list[str]
    """Skipped, failed and refused runs, with reasons, grouped."""


def kind_of(card: MethodCard) -> str:
    """Return ``oracle``, ``reference`` or empty."""
    if "oracle" in card.tags:
        return "oracle"
    return "reference" if card.family == "reference" else ""


def make_boards(records: Sequence[Record]) -> Boards:
    """Build the leaderboards.

    A cell is the mean over seeds of the test log-likelihood. A failed run or a refused number
    takes the score away and counts as worst in the ranks; a skipped pair takes no part.

    Raises:
        EbmbenchError: the records mix presets, or versions of a card.
    """
    _refuse_mixtures(records)
    families: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        families[record.task_card.family].append(record)
    boards = [_board(family, families[family]) for family in FAMILY_TITLES if family in families]
    trained = [r for r in records if r.status is Status.OK]
    return Boards(
        boards=boards,
        preset=records[0].preset,
        seeds=len({record.seed for record in records}),
        machine=dict(trained[0].machine) if trained else {},
        contended=any(record.contended for record in trained),
        notes=_notes(records),
    )


def _refuse_mixtures(records: Sequence[Record]) -> None:
    presets = sorted({record.preset for record in records})
    if len(presets) > 1:
        raise EbmbenchError(f"the records mix the presets {' and '.join(presets)}")
    for kind in ("task", "method"):
        versions: dict[str, set[int]] = defaultdict(set)
        for record in records:
            versions[getattr(record, kind)].add(getattr(record, f"{kind}_version"))
        for name, found in versions.items():
            if len(found) > 1:
                raise EbmbenchError(
                    f"the records mix versions {sorted(found)} of {kind} {name!r}; run the old "
                    "ones again"
                )


def _board(family: str, records: list[Record]) -> Board:
    by_pair: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        by_pair[record.task, record.method].append(record)
    ran = {r.task for r in records if r.status is not Status.SKIPPED}
    tasks = sorted(ran, key=_natural)
    cards = {r.method: r.method_card for r in records if r.status is not Status.SKIPPED}
    seeds = {task: len({r.seed for r in records if r.task == task}) for task in tasks}
    cells = {
        method: {task: _cell(by_pair.get((task, method), []), seeds[task]) for task in tasks}
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
            **_costs([r for r in records if r.method == method]),
        )
        for method in cards
    ]
    rows.sort(key=lambda r: (order[r.kind], r.rank is None, r.rank or 0.0, r.method))
    return Board(family, FAMILY_TITLES[family], tasks, rows, _optima(tasks, records))


def _cell(records: list[Record], expected: int) -> Cell:
    if not records:
        return Cell(None, "–", expected)
    failed = [r.status for r in records if r.status is not Status.OK]
    if failed:
        return Cell(None, Counter(failed).most_common(1)[0][0].value.replace("_", " "), 0)
    numbers = [record.metrics.get(HEADLINE) for record in records]
    values = [number.value for number in numbers if number is not None and number.certified]
    if len(values) < len(numbers):
        return Cell(None, "refused", 0)
    return Cell(mean_interval(values), "", expected - len(records))


def _mean_ranks(tasks: list[str], cells: dict[str, dict[str, Cell]]) -> dict[str, float | None]:
    places: dict[str, list[float]] = defaultdict(list)
    for task in tasks:
        taking = {
            method: row[task].score.mean if row[task].score else None
            for method, row in cells.items()
            if row[task].word not in ("–", "skipped")
        }
        for method, place in ranks(taking, higher_is_better=True).items():
            places[method].append(place)
    return {
        method: sum(found) / len(found) if len(found) == len(tasks) else None
        for method, found in ((method, places[method]) for method in cells)
    }


def _costs(records: list[Record]) -> dict[str, float | None]:
    costs = [record.cost for record in records if record.cost is not None]
    peaks = [c.allocator_peak_bytes for c in costs if c.allocator_peak_bytes is not None]
    return {
        "step_ms": median(c.step_ms_median for c in costs) if costs else None,
        "train_seconds": median(c.train_seconds for c in costs) if costs else None,
        "peak_bytes": median(peaks) if peaks else None,
    }


def _optima(tasks: list[str], records: Iterable[Record]) -> dict[str, float]:
    """Log-likelihood plus regret is that of the truth, whatever the method; averaged over seeds."""
    truth: dict[str, dict[int, float]] = defaultdict(dict)
    for record in records:
        likelihood, regret = record.metrics.get(HEADLINE), record.metrics.get("regret")
        if likelihood is not None and regret is not None:
            truth[record.task].setdefault(record.seed, likelihood.value + regret.value)
    return {task: mean_interval(list(truth[task].values())).mean for task in tasks if truth[task]}


def _notes(records: Sequence[Record]) -> list[str]:
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in records:
        if record.status is not Status.OK:
            groups[record.status.value, record.message].add(f"{record.task} × {record.method}")
            continue
        number = record.metrics.get(HEADLINE)
        if number is not None and not number.certified:
            groups["refused", number.note].add(f"{record.task} × {record.method}")
    return [
        f"{status}: {_names(pairs)}: {reason}" for (status, reason), pairs in sorted(groups.items())
    ]


def _names(pairs: set[str], shown: int = 3) -> str:
    names = sorted(pairs)
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + rest


def _natural(name: str) -> tuple[str, int, str]:
    folder, _, rest = name.partition("/")
    return (folder, int(rest), "") if rest.isdigit() else (folder, 1 << 30, rest)
