"""The odds of every pair of objectives in words."""

from __future__ import annotations

from ebmbench.report.stats.hierarchy import Odds
from ebmbench.report.stats.summary import Summary
from ebmbench.report.tables.words import NONE

ODDS_LEGEND = (
    "In percent: how probable it is that on a further task of the family the row is better than "
    "the column / practically equivalent / worse, by a hierarchical model over tasks and seeds. "
    "Equivalent is within 0.01 nats, or the task's tolerance if that is more."
)


def odds_rows(summary: Summary) -> list[list[str]]:
    """Return the odds of every pair as a matrix of texts, its header first.

    The better mean rank is in the row; ``better/equivalent/worse`` in percent.
    """
    rows = [["", *summary.methods[1:]]]
    for k, first in enumerate(summary.methods[:-1]):
        cells = []
        for place, second in enumerate(summary.methods[1:], 1):
            found = summary.odds.get((first, second))
            blank = "" if place <= k else NONE
            cells.append(blank if found is None else odds_text(found))
        rows.append([first, *cells])
    return rows


def odds_text(found: Odds) -> str:
    """Return ``better/equivalent/worse`` in percent.

    Example:
        >>> odds_text(Odds(0.0888, 0.8773, 0.0339))
        '9/88/3'
    """
    shares = (found.better, found.equivalent, found.worse)
    return "/".join(f"{100 * share:.0f}" for share in shares)
