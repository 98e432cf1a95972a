"""The summary of a board as a table: ranks, what is told apart, the gap left, and the cost."""

from __future__ import annotations

from ebmbench.report.site.links import method_link
from ebmbench.report.site.page_table import Column, Entry, Line, PageTable
from ebmbench.report.stats.boards import Board, Row
from ebmbench.report.stats.summary import Summary
from ebmbench.report.tables.words import OVERALL, cost_texts, overall_rows, wins

ORDER = ("method", "mean rank", "shares letters", "gap left", "ahead of the Gaussian", "worst run",
         "95 %", "p best", "wins")  # fmt: skip
"""Titles of :data:`OVERALL` in the order of the page: what matters most comes first."""
MINOR = ("worst run", "95 %", "p best", "wins", "ms/step", "passes")
"""Left out on a narrow screen until it is asked for."""
TITLES = {
    "shares letters": "level",
    "95 %": "gap left, 95 %",
    "mean rank": "rank",
    "ahead of the Gaussian": "> Gauss.",
}
MEANINGS = {
    "mean rank": "mean over tasks, among the objectives; in brackets what numbers that are not "
    "certified leave open",
    "shares letters": "methods that share a letter are not told apart: exact permutation test of "
    "ranks, Holm-corrected, 5 %",
    "gap left": "share of the gap from Gaussian to truth still open, interquartile mean",
    "ahead of the Gaussian": "share of runs ahead of the fitted Gaussian of the same seed",
    "worst run": "in nats, which an interquartile mean does not show",
    "95 %": "bootstrap over tasks and seeds",
    "p best": "probability of the best mean rank",
    "wins": "share of duels with the other objectives",
    "ms/step": "milliseconds per training step, median",
    "passes": "network passes per example and step, median",
}


def summary_table(board: Board, summary: Summary, labels: dict[str, dict[str, str]]) -> PageTable:
    """Return the summary of one board.

    Arguments:
        board: of a family.
        summary: of the board.
        labels: by method, what filters go by.
    """
    known = [title for title in ORDER if summary.gap_left or not title.startswith(("gap", "95"))]
    rows = {row.method: row for row in board.rows}
    lines = []
    for texts in overall_rows(board, summary):
        by_title = dict(zip(OVERALL, texts, strict=True))
        row = rows[texts[0]]
        values = _values(summary, row)
        entries = [
            Entry(row.method, row.method, method_link(row.method), note=row.kind),
            *(Entry(by_title[title], values.get(title)) for title in known[1:]),
            Entry(cost_texts(row)[0], row.step_ms),
            Entry(cost_texts(row)[1], row.passes),
        ]
        lines.append(Line(entries, labels[row.method], row.kind))
    columns = [
        Column(TITLES.get(title, title), numeric=title not in ("method", "shares letters"),
               explained=MEANINGS.get(title, ""), minor=title in MINOR)
        for title in (*known, "ms/step", "passes")
    ]  # fmt: skip
    return PageTable(f"overall-{board.family}", board.title, columns, lines)


def _values(summary: Summary, row: Row) -> dict[str, float | str | None]:
    """Return what each column sorts by."""
    name = row.method
    place = summary.methods.index(name) if name in summary.methods else None
    gap, worst = summary.gap_left.get(name), summary.worst.get(name)
    return {
        "mean rank": None if place is None else summary.mean_rank[place],
        "shares letters": None if place is None else summary.letters[place],
        "gap left": None if gap is None else gap.value,
        "ahead of the Gaussian": summary.beats_gaussian.get(name),
        # By the loss: a regret as it is, a gain turned round.
        "worst run": None if worst is None else -worst.measure.sign * worst.nats,
        "95 %": None if gap is None or gap.interval is None else gap.interval[0],
        "p best": None if place is None else summary.p_best[place],
        "wins": None if place is None else wins(summary)[place],
    }
