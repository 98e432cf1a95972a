"""What the pages are made of: the records, once sorted by what pages ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ebmbench.cards import MethodCard, TaskCard
from ebmbench.divergence import effective
from ebmbench.records import Record, Status
from ebmbench.report.site.links import run_link
from ebmbench.report.site.page_table import Entry
from ebmbench.report.site.plot import Style, styles
from ebmbench.report.stats.boards import Board, Boards, Cell, Row, make_boards, natural_order
from ebmbench.report.stats.rows import Moments

Pair = tuple[str, str]
"""Task and method."""


@dataclass(frozen=True)
class Content:
    """The records of an output folder and what they come to."""

    records: Sequence[Record]
    boards: Boards
    pairs: Mapping[Pair, list[Record]]
    """Runs by seed."""
    tasks: Mapping[str, TaskCard]
    methods: Mapping[str, MethodCard]
    """As used on the first task."""
    looks: Mapping[str, Style]
    """Of every method, the same in all plots."""

    def board_of(self, task: str) -> Board | None:
        """Return the board that has the task, unless all its runs were skipped."""
        return next((board for board in self.boards.boards if task in board.tasks), None)

    def runs_of_task(self, task: str) -> dict[str, list[Record]]:
        """Return the runs on a task by method."""
        return {pair[1]: runs for pair, runs in self.pairs.items() if pair[0] == task}

    def behind(self, task: str, method: str) -> str:
        """Return the page of what stands behind a cell: the run that spoilt it, or the first."""
        runs = self.pairs.get((task, method), [])
        spoilt = [run for run in runs if run.status is not Status.OK]
        return run_link((spoilt or runs)[0]) if runs else ""


def gather(records: Sequence[Record], moments: Moments | None = None) -> Content:
    """Sort the records by what the pages ask for, each as its curve says that it ended.

    Arguments:
        records: of an output folder.
        moments: of its test rows, as far as they are stored.

    Raises:
        EbmbenchError: the records do not belong into one report.
    """
    ordered = sorted(
        map(effective, records), key=lambda record: (record.task, record.method, record.seed)
    )
    pairs: dict[Pair, list[Record]] = defaultdict(list)
    for record in ordered:
        pairs[record.task, record.method].append(record)
    tasks = {r.task: r.task_card for r in ordered}
    # In reverse, so that the first task's card is the one that stays.
    methods = {r.method: r.method_card for r in reversed(ordered)}
    return Content(
        records=ordered,
        boards=make_boards(ordered, moments),
        pairs=dict(pairs),
        tasks={name: tasks[name] for name in sorted(tasks, key=natural_order)},
        methods=dict(sorted(methods.items())),
        looks=styles(list(methods)),
    )


def mark_of(cell: Cell) -> str:
    """Return how a cell without a score looks; empty for one that has a score."""
    if cell.score is not None:
        return "incomplete" if cell.missing else ""
    if cell.word.startswith("refused"):
        return "refused"
    return "absent" if cell.word in ("–", "skipped") else "failed"


def method_entry(row: Row, link: str) -> Entry:
    """Return the header of a method's row."""
    return Entry(row.method, row.method, link, note=row.kind)
