"""Numbers of a board in words, the same in every format."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ebmbench.report.stats.boards import Board, Boards, Cell, Measure, Row, below_gaussian
from ebmbench.report.stats.gaps import Worst
from ebmbench.report.stats.intervals import Interval
from ebmbench.report.stats.level import level_methods
from ebmbench.report.stats.summary import Summary

MARKS = {"oracle": " (oracle)", "reference": " (reference)", "": ""}
COST_TITLES = ("ms/step", "passes", "s", "MiB")
NONE = "–"

LEGEND = (
    "A cell is a mean over seeds, each paired with the truth or the fitted Gaussian of its own "
    "rows, ± its 95 % interval (of one seed: over test rows, where they are stored). Bold: cannot "
    "be told from the best objective of the task. ↓: below the fitted Gaussian. a to b ?: not "
    "certified, its bracket. *: seeds missing. Rank: mean over tasks among the objectives; who is "
    "not ahead by more than the brackets shares a rank, and only failures are last. Passes: "
    "network passes per example and step (energy 1, score 2, Hessian-vector product 4)."
)


def number_text(value: float) -> str:
    """Return three decimals below ten, and three significant digits or whole nats above.

    Example:
        >>> number_text(0.01234), number_text(-45.678), number_text(5312.01), number_text(3e-5)
        ('0.012', '-45.7', '5312', '3.0e-05')
    """
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞"
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    # Never a row of zeros where there is a number.
    return f"{value:z.3f}" if size >= 1e-3 or size == 0 else f"{value:.1e}"


def cell_text(cell: Cell, raw: bool = False) -> str:
    """Return ``mean ± half-width``, the bracket of a number not certified, or the word for it.

    Arguments:
        cell: of a board.
        raw: whether it holds a log-likelihood, which is given to three decimals.
    """
    text_of = raw_text if raw else number_text
    if cell.score is None:
        if cell.bracket is not None and cell.word.startswith("refused"):
            low, high = cell.bracket
            return f"{text_of(low)} to {text_of(high)} ?"
        return cell.word
    return text_of(cell.score.mean) + _width_text(cell.score) + ("*" if cell.missing else "")


def interval_text(found: Interval) -> str:
    """Return a difference with its sign and interval.

    Example:
        >>> interval_text(Interval(0.01234, 0.0042, 3))
        '+0.0123 ± 0.0042'
    """
    if not found.half_width or not math.isfinite(found.half_width):
        return f"{found.mean:+.4g}{_width_text(found)}"
    # Both to the two digits that the half-width has.
    digits = max(0, 1 - math.floor(math.log10(float(f"{found.half_width:.1e}"))))
    return f"{found.mean:+z.{digits}f} ± {found.half_width:.{digits}f}"


def _width_text(found: Interval) -> str:
    if found.half_width is None:
        return ""
    wide = found.half_width >= 99.5
    return f" ± {found.half_width:.0f}" if wide else f" ± {found.half_width:.2g}"


def raw_text(value: float) -> str:
    """Return a log-likelihood in nats: three decimals, or one from a hundred on."""
    return f"{value:z.3f}" if abs(value) < 100 else f"{value:.1f}"


def marked_text(board: Board, row: Row, task: str, raw: bool = False) -> str:
    """Return the cell with an arrow where it is below the Gaussian."""
    cell = row.raw[task] if raw else row.cells[task]
    plain = raw or board.measures[task] is Measure.RAW
    return cell_text(cell, plain) + (" ↓" if below_gaussian(board, row, task) else "")


def column_title(board: Board, task: str, raw: bool = False) -> str:
    """Return the name of a task, with what its cells hold where the board mixes that."""
    label = board.labels[task]
    if task not in board.ranked_tasks:
        label += ", not ranked"
    if raw or len(set(board.measures.values())) == 1:
        return label
    return f"{label}, {board.measures[task].value}"


def cost_texts(row: Row) -> list[str]:
    """Return milliseconds per step, network passes, seconds and peak memory in words."""
    return [
        f"{row.step_ms:.2f}" if row.step_ms is not None else NONE,
        f"{row.passes:.1f}" if row.passes is not None else NONE,
        f"{row.train_seconds:.1f}" if row.train_seconds is not None else NONE,
        f"{row.peak_bytes / 2**20:.1f}" if row.peak_bytes is not None else NONE,
    ]


def rank_text(row: Row) -> str:
    """Return the mean rank, with its ends where brackets leave it open; or ``incomplete``."""
    if row.rank is None or row.rank_low is None or row.rank_high is None:
        complete = all(cell.takes_part for cell in row.raw.values())
        return NONE if row.kind else "no task" if complete else "incomplete"
    return _rank_span(row.rank, row.rank_low, row.rank_high)


def _rank_span(rank: float, low: float, high: float) -> str:
    ends = f"{low:.1f}", f"{high:.1f}"
    return f"{rank:.1f}" if ends[0] == ends[1] else f"{rank:.1f} ({ends[0]} to {ends[1]})"


def optimum_texts(board: Board, tasks: Sequence[str]) -> list[str]:
    """Return the truth's log-likelihood per task, where it is known."""
    return [f"{board.optimum[t]:.3f}" if t in board.optimum else NONE for t in tasks]


def best_methods(board: Board, task: str) -> set[str]:
    """Return the objectives that cannot be told from the best of a task, itself among them."""
    return level_methods(board, task)


def measure_words(board: Board, raw: bool = False) -> str:
    """Say what the cells of a board hold."""
    if raw:
        return "Test log-likelihood in nats per example."
    words = {
        Measure.REGRET: "regret: nats per test example below the true density, lower is better",
        Measure.GAIN: "gain: nats per test example above the fitted Gaussian, higher is better",
        Measure.RAW: "test log-likelihood in nats per example; neither a truth nor a fitted "
        "Gaussian is there to compare with",
    }
    held = [words[m] for m in Measure if m in board.measures.values()]
    text = "; ".join(held)
    return f"{text[:1].upper()}{text[1:]}."


def heading(boards: Boards) -> str:
    """Return one sentence on what the tables hold."""
    shared = "; timings taken while other work shared the cores" if boards.contended else ""
    processors = " and ".join(boards.processors) or "unknown processor"
    return (
        f"Per test example, over {seeds_text(boards.boards)}; preset {boards.preset}; "
        f"{processors}, one thread a run{shared}."
    )


def seeds_text(boards: Sequence[Board]) -> str:
    """Return how many seeds the tasks of boards have: ``1 seed``, ``1 to 3 seeds``."""
    counts = sorted({len(found) for board in boards for found in board.outcomes.values()})
    if not counts:
        return "no seed"
    span = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{span} seed{'s' if counts[-1] > 1 else ''}"


OVERALL = (
    "method", "mean rank", "shares letters", "p best", "wins", "ahead of the Gaussian",
    "gap left", "95 %", "worst run",
)  # fmt: skip
"""Titles of :func:`overall_rows`."""
OVERALL_LEGEND = (
    "Bold: not told apart from the best. Methods that share a letter are not told apart by an "
    "exact permutation test of the ranks within tasks, Holm-corrected at 5 %. p best: probability "
    "of the best mean rank. Wins: share of duels with the other objectives. Ahead of the "
    "Gaussian: share of runs, over tasks. Gap "
    "left: share of the gap between Gaussian and truth that is still open, each run against its "
    "own, interquartile mean over tasks and seeds with a bootstrap interval over both; worst run: "
    "what such a mean does not show."
)


def overall_rows(board: Board, summary: Summary) -> list[list[str]]:
    """Return the texts of :data:`OVERALL`, ranked methods first, then oracle and references."""
    names = [
        *summary.methods,
        *(row.method for row in board.rows if row.kind and row.method in summary.worst),
    ]
    rows = []
    for name in names:
        k = summary.methods.index(name) if name in summary.methods else None
        beats, gap = summary.beats_gaussian.get(name), summary.gap_left.get(name)
        rows.append(
            [
                name,
                NONE if k is None else _rank_span(
                    summary.mean_rank[k], summary.rank_low[k], summary.rank_high[k]
                ),
                NONE if k is None else summary.letters[k],
                NONE if k is None else f"{summary.p_best[k]:.2f}",
                NONE if k is None else f"{100 * wins(summary)[k]:.0f} %",
                NONE if beats is None else f"{100 * beats:.0f} %",
                NONE if gap is None else number_text(gap.value),
                _span(None if gap is None else gap.interval),
                worst_text(board, summary.worst.get(name)),
            ]
        )  # fmt: skip
    return rows


def worst_text(board: Board, worst: Worst | None) -> str:
    """Return the nats of the worst run and its task; ``failed`` where it has no number."""
    if worst is None:
        return NONE
    nats = "failed" if math.isinf(worst.nats) else number_text(worst.nats)
    return f"{nats} on {board.labels[worst.task]}"


def _span(interval: tuple[float, float] | None) -> str:
    return NONE if interval is None else " to ".join(map(number_text, interval))


def wins(summary: Summary) -> list[float]:
    """Return the share of duels that each objective wins over all others and tasks."""
    others = len(summary.methods) - 1
    return [(float(row.sum()) - 0.5) / others for row in summary.win_rate]


def resolution_words(summary: Summary) -> str:
    """Say which gap the board can resolve, and how stable its ranks are."""
    found = summary.resolution
    parts = []
    if found.gap is not None and found.median_gap is not None:
        over = "seeds" if found.by == "seeds" else "test rows of one seed, without its spread"
        gap, middle = number_text(found.gap), number_text(found.median_gap)
        needed = (
            "more than 1000 seeds" if found.by == "seeds" else "two seeds and more"
        ) if found.seeds_needed is None else f"{found.seeds_needed} seeds"  # fmt: skip
        parts.append(
            f"Between two objectives on one task, a gap of {gap} nats is found in 80 % of cases "
            f"(paired over {over}, 5 %, median over {found.tasks} "
            f"task{'s' if found.tasks > 1 else ''}); the median gap is {middle} nats, which takes "
            f"{needed}"
        )
    else:
        parts.append(
            "One seed and no stored rows: no gap on a single task can be resolved beyond its "
            "bracket"
        )
    if found.rank_difference is not None:
        parts.append(f"mean ranks are told apart from a difference of {found.rank_difference:.1f}")
    else:
        parts.append("too few tasks or objectives to tell any two mean ranks apart")
    if summary.stability is not None:
        parts.append(
            f"the order on one half of the tasks agrees with that on the other by Kendall's τ = "
            f"{summary.stability:.2f}"
        )
    return "; ".join(parts) + "."
