"""What the tables come to in a few sentences; every word of them follows from the records."""

from __future__ import annotations

from dataclasses import dataclass

from ebmbench.report.stats.boards import Board, Boards, Row
from ebmbench.report.stats.cells import Measure
from ebmbench.report.stats.references import Ahead, references_ahead
from ebmbench.report.stats.summary import Summary, summarise
from ebmbench.report.tables.words import cost_texts, number_text, seeds_text, worst_text

NAMES_SHOWN = 12


@dataclass(frozen=True)
class Verdict:
    """One board in sentences; names of methods stand in backquotes, as in Markdown."""

    family: str
    title: str
    leader: str
    """Who leads, and what is left of the way to the truth."""
    margin: str
    """Who follows, and how likely the order is to hold on a further task."""
    level: str
    """Who cannot be told from the leader."""
    cost: str
    """What the leader costs, and the cheapest of those that are level with it."""
    evidence: str
    """How thin the evidence is."""
    reference: str
    """Which reference beats the objectives, and where."""

    @property
    def sentences(self) -> list[str]:
        """All that there is to say, in order."""
        parts = (self.leader, self.margin, self.level, self.cost, self.evidence, self.reference)
        return [part for part in parts if part]


def verdicts(boards: Boards) -> list[Verdict]:
    """Return the verdict of every board."""
    return [verdict_of(board) for board in boards.boards]


def verdict_lines(boards: Boards) -> list[str]:
    """Return the verdicts as a Markdown list, a line per board."""
    return [f"- **{v.title}.** {' '.join(v.sentences)}" for v in verdicts(boards)]


def verdict_of(board: Board) -> Verdict:
    """Return the verdict of one board."""
    summary = summarise(board)
    if summary is None:
        few = (
            "Fewer than two objectives took part in everything, so none is compared."
            if board.ranked_tasks
            else "No task has room for a difference above the Gaussian, so none is ranked."
        )
        return Verdict(board.family, board.title, few, "", "", "", "", _reference(board))
    return Verdict(
        board.family,
        board.title,
        _leader(board, summary),
        _margin(summary),
        _level(summary),
        _cost(board, summary),
        _evidence(board, summary),
        _reference(board),
    )


def _leader(board: Board, summary: Summary) -> str:
    first = summary.methods[0]
    count, tasks = len(summary.methods), len(summary.tasks)
    alike = [m for m, r in zip(summary.methods, summary.mean_rank, strict=True)
             if r <= summary.mean_rank[0] + 1e-9]  # fmt: skip
    among = f"of {summary.mean_rank[0]:.2f} among {count} objectives on {_count(tasks, 'task')}"
    if len(alike) > 1:
        return f"{_names(alike)} share the lead with a mean rank {among}."
    text = (
        f"`{first}` leads with a mean rank {among} (probability of the best mean rank "
        f"{summary.p_best[0]:.2f})"
    )
    gap = summary.gap_left.get(first)
    if gap is not None:
        text += f"; of the gap from the Gaussian to the truth it leaves {number_text(gap.value)}"
    return f"{text}, its worst run {_worst(board, summary, first)}."


def _margin(summary: Summary) -> str:
    first, second = summary.methods[:2]
    if summary.mean_rank[1] <= summary.mean_rank[0] + 1e-9:
        return ""
    text = f"`{second}` follows at {summary.mean_rank[1]:.2f}"
    chances = summary.odds.get((first, second))
    if chances is not None:
        text += (
            f"; on a further task `{first}` would be better with probability "
            f"{chances.better:.2f}, equivalent with {chances.equivalent:.2f}, worse with "
            f"{chances.worse:.2f}"
        )
    return text + "."


def _worst(board: Board, summary: Summary, method: str) -> str:
    worst = summary.worst.get(method)
    if worst is None:
        return "is unknown"
    number, _, _ = worst_text(board, worst).partition(" on ")
    if number == "failed":
        return f"a failure on {worst.task}"
    what = "below the truth" if worst.measure is Measure.REGRET else "above the Gaussian"
    if worst.measure is Measure.GAIN and worst.nats < 0:
        number, what = number.removeprefix("-"), "below the Gaussian"
    return f"{number} nats {what} on {worst.task}"


def _level(summary: Summary) -> str:
    level = summary.level_with_best[1:]
    if not level:
        return "All others are told apart from it."
    if len(level) == len(summary.methods) - 1:
        return "No other is told apart from it."
    apart = [m for m in summary.methods if m not in level and m != summary.methods[0]]
    return f"Not told apart from it: {_names(level)}; told apart: {_names(apart)}."


def _cost(board: Board, summary: Summary) -> str:
    rows = {row.method: row for row in board.rows}
    first = rows[summary.methods[0]]
    level = [rows[m] for m in summary.level_with_best if rows[m].passes is not None]
    text = f"A step of `{first.method}` costs {_cost_words(first)}"
    cheapest = min(level, key=lambda row: (row.passes or 0.0, row.method), default=first)
    if cheapest.method != first.method and (cheapest.passes or 0) < (first.passes or 0):
        text += (
            f"; the cheapest that is level with it, `{cheapest.method}`, {_cost_words(cheapest)}"
        )
    return text + "."


def _cost_words(row: Row) -> str:
    step, passes, *_ = cost_texts(row)
    words = [f"{passes} network passes"] if row.passes is not None else []
    words += [f"{step} ms"] if row.step_ms is not None else []
    return " and ".join(words) or "what was not measured"


def _evidence(board: Board, summary: Summary) -> str:
    pairs = len(summary.methods) * (len(summary.methods) - 1) // 2
    apart = int((summary.p_values < 0.05).sum()) // 2
    text = (
        f"Evidence: {_count(len(summary.tasks), 'task')}, {seeds_text([board])}; {apart} of "
        f"{pairs} pairs are told apart"
    )
    found = summary.resolution
    if found.gap is not None and found.median_gap is not None:
        text += (
            f"; on one task a gap of {number_text(found.gap)} nats would be found in 80 % of "
            f"cases, the median gap is {number_text(found.median_gap)}"
        )
        if found.seeds_needed is not None:
            text += f" and takes {found.seeds_needed} seeds"
    elif board.seeds == 1:
        text += ", and the spread over seeds is not known"
    refused = sum(
        cell.word.startswith("refused") for row in board.rows if not row.kind
        for cell in row.cells.values()
    )  # fmt: skip
    if refused:
        cells = sum(len(row.cells) for row in board.rows if not row.kind)
        text += f"; {refused} of {cells} cells hold a number that is not certified"
    return text + "."


def _reference(board: Board) -> str:
    found = references_ahead(board)
    if not found:
        return "No reference was fitted."
    top = found[0]
    if not top.of_all and not top.of_most:
        return "No reference is ahead of most objectives on any task."
    of = f"of {_count(top.tasks, 'task')}"
    if not top.of_all:
        most = max(found, key=lambda a: len(a.of_most))
        return (
            f"No reference is ahead of every objective on any task; `{most.method}` is ahead of "
            f"most on {len(most.of_most)} of {_count(most.tasks, 'task')}."
        )
    alike = [a.method for a in found if _counts(a) == _counts(top)]
    subject = f"The reference `{top.method}` is" if len(alike) == 1 else (
        f"The references {_names(alike)} are each"
    )  # fmt: skip
    return (
        f"{subject} ahead of every objective on {len(top.of_all)} {of} and of most on "
        f"{len(top.of_most)}."
    )


def _counts(found: Ahead) -> tuple[int, int, int]:
    return len(found.of_all), len(found.of_most), found.tasks


def _names(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names[:NAMES_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
