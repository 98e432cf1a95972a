"""The leaderboard: a pure function of the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ebmbench.cards import MethodCard
from ebmbench.divergence import effective
from ebmbench.errors import EbmbenchError
from ebmbench.records import Record, Status
from ebmbench.report.stats.board import Board, Boards, Row
from ebmbench.report.stats.cells import ABSENT, Cell, Measure, make_cell, measured_cell
from ebmbench.report.stats.costs import (
    contended_pairs,
    cost_note,
    cost_of,
    kind_of,
    passes,
    timed,
)
from ebmbench.report.stats.families import Group, comparable_groups, natural_order
from ebmbench.report.stats.mixtures import refuse_mixtures
from ebmbench.report.stats.outcomes import (
    GAUSSIAN,
    HEADLINE,
    REGRET,
    Outcomes,
    State,
    Truths,
    find_truths,
    sort_outcomes,
)
from ebmbench.report.stats.ranking import TaskRanks, solved, task_ranks
from ebmbench.report.stats.reasons import explain, make_notes
from ebmbench.report.stats.room import find_room, with_room
from ebmbench.report.stats.rows import Moments

__all__ = [
    "ABSENT",
    "GAUSSIAN",
    "HEADLINE",
    "Board",
    "Boards",
    "Cell",
    "Measure",
    "Row",
    "below_gaussian",
    "contended_pairs",
    "kind_of",
    "make_boards",
    "make_cell",
    "natural_order",
    "passes",
]

LEAST_ROPE = 0.01
"""Nats that nobody would change an objective for, whatever the task's tolerance."""


def make_boards(records: Sequence[Record], moments: Moments | None = None) -> Boards:
    """Build the leaderboards.

    A cell is the mean over seeds of what a method loses to the truth, or gains on the Gaussian, of
    the same seed. A failed run counts as worst in the ranks; a refused number takes part with its
    bracket. A skipped pair takes no part, and a method with a task or a seed missing gets no rank.

    Arguments:
        records: of an output folder.
        moments: of its test rows, as far as they are stored.

    Raises:
        EbmbenchError: there is no record, or they mix presets, cards or versions of a card.
    """
    if not records:
        raise EbmbenchError("a leaderboard needs at least one record")
    refuse_mixtures(records)
    records = [effective(record) for record in records]
    ordered = sorted(records, key=lambda r: (r.task, r.method, r.seed))
    boards = [_board(group, moments or {}) for group in comparable_groups(ordered)]
    trained = [r for r in records if r.status is Status.OK]
    return Boards(
        boards=boards,
        preset=records[0].preset,
        seeds=len({record.seed for record in records}),
        processors=sorted({r.machine["processor"] for r in trained if "processor" in r.machine}),
        contended=any(record.contended for record in timed(trained)),
        notes=[*make_notes(records, HEADLINE), *_explanations(boards, records)],
        moments=moments or {},
    )


def _board(group: Group, moments: Moments) -> Board:
    records = group.records
    by_pair: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        by_pair[record.task, record.method].append(record)
    ran = [r for r in records if r.status is not Status.SKIPPED]
    tasks = group.tasks
    cards: dict[str, MethodCard] = {r.method: r.method_card for r in ran}
    outcomes, truths = sort_outcomes(records), find_truths(records)
    raw = {
        method: {
            task: make_cell(by_pair.get((task, method), []), len(outcomes[task])) for task in tasks
        }
        for method in cards
    }
    measures = {task: _measure(outcomes, truths, task) for task in tasks}
    kinds = {method: kind_of(card) for method, card in cards.items()}
    of_kind = {kind: [m for m in cards if kinds[m] == kind] for kind in ("", "oracle")}
    rooms = {
        task: find_room(task, outcomes, truths, moments,
                        oracles=of_kind["oracle"], objectives=of_kind[""])
        for task in tasks
    }  # fmt: skip
    roomy = {task: outcomes[task] for task in with_room(tasks, rooms)}
    ranked = _mean_ranks(roomy, {m: raw[m] for m in of_kind[""]})
    apart = contended_pairs(records)
    rows = []
    for method in cards:
        cells = {
            task: measured_cell(
                raw[method][task], measures[task], task, method,
                outcomes=outcomes, truths=truths, moments=moments,
                regrets=_regret_errors(by_pair.get((task, method), [])),
            )
            for task in tasks
        }  # fmt: skip
        own = [r for r in records if r.method == method]
        cost = cost_of(own, apart)
        trials = min((r.method_card.trials or 0 for r in own if r.task in tasks), default=0)
        rank, low, high = ranked.get(method, (None, None, None))
        rows.append(Row(method, kinds[method], cells, raw[method], rank, low, high, cost, trials))
    order = {"oracle": 0, "": 1, "reference": 2}
    rows.sort(key=lambda r: (order[r.kind], r.rank is None, r.rank or 0.0, r.method))
    return Board(
        family=group.name,
        title=group.title,
        tasks=tasks,
        rows=rows,
        optimum={t: sum(truths[t].values()) / len(truths[t]) for t in tasks if t in truths},
        measures=measures,
        ropes={r.task: max(LEAST_ROPE, r.task_card.metrics.tolerance) for r in records
               if r.task in tasks},
        rooms={task: room for task, room in rooms.items() if room is not None},
        outcomes={task: outcomes[task] for task in tasks},
        truths={task: truths[task] for task in tasks if task in truths},
        moments=moments,
        cannot=group.cannot,
        cost_note=cost_note(records, apart),
    )  # fmt: skip


def _measure(outcomes: Outcomes, truths: Truths, task: str) -> Measure:
    """Return the regret where the truth of every seed is known, else the gain if it has a base."""
    if all(seed in truths.get(task, {}) for seed in outcomes[task]):
        return Measure.REGRET
    gaussians = [found.get(GAUSSIAN) for found in outcomes[task].values()]
    if all(g is not None and g.state is State.CERTIFIED for g in gaussians):
        return Measure.GAIN
    return Measure.RAW


def _regret_errors(records: Sequence[Record]) -> dict[int, float]:
    return {
        r.seed: error
        for r in records
        if REGRET in r.metrics and (error := r.metrics[REGRET].stderr) is not None
    }


def below_gaussian(board: Board, row: Row, task: str) -> bool:
    """Return whether a trained energy's mean is below that of the Gaussian of the same seeds."""
    if row.kind == "reference" or row.cells[task].score is None:
        return False
    gaps = [
        found[row.method].value - found[GAUSSIAN].value
        for found in board.outcomes[task].values()
        if GAUSSIAN in found and row.method in found
    ]
    return bool(gaps) and sum(gaps) < 0


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
    outcomes: Outcomes, cells: Mapping[str, Mapping[str, Cell]]
) -> dict[str, tuple[float, float, float]]:
    """Return mean rank and its ends of the objectives that took part in everything."""
    methods = [m for m, row in cells.items() if all(cell.takes_part for cell in row.values())]
    ranked: list[TaskRanks] = [
        task_ranks(of_seed, methods, sorted(of_seed))
        for of_seed in outcomes.values()
        if methods and solved(of_seed, methods)
    ]
    if not ranked:
        return {}
    count = len(ranked)
    return {
        method: (
            float(sum(each.middle[k] for each in ranked)) / count,
            float(sum(each.low[k] for each in ranked)) / count,
            float(sum(each.high[k] for each in ranked)) / count,
        )
        for k, method in enumerate(methods)
    }
