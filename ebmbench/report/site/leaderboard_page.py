"""The first page: the verdict, the summary of every board, then the boards."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup

from ebmbench.report.site.board_table import board_table, row_labels
from ebmbench.report.site.comparisons import differences_plot
from ebmbench.report.site.constants import constants_tables
from ebmbench.report.site.content import Content
from ebmbench.report.site.links import method_link
from ebmbench.report.site.render import Page
from ebmbench.report.site.selection import selection_values
from ebmbench.report.site.summary_table import summary_table
from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.constants import own_constants
from ebmbench.report.stats.selection import selection_changes
from ebmbench.report.stats.summary import summarise
from ebmbench.report.tables.constants import LEGEND as CONSTANTS_LEGEND
from ebmbench.report.tables.notes import board_notes
from ebmbench.report.tables.selection import LEGEND as SELECTION_LEGEND
from ebmbench.report.tables.verdict import verdict_of
from ebmbench.report.tables.words import (
    LEGEND,
    OVERALL_LEGEND,
    heading,
    resolution_words,
)

NAMED = re.compile(r"`([^`]*)`")


def leaderboard_page(content: Content) -> Page:
    """Return the first page of the site."""
    values = {
        "heading": heading(content.boards),
        "legend": LEGEND,
        "overall_legend": OVERALL_LEGEND,
        "boards": [_board_values(content, board) for board in content.boards.boards],
        "constants": constants_tables(own_constants(content.records)),
        "constants_legend": CONSTANTS_LEGEND,
        "selection": selection_values(selection_changes(content.records), content.looks),
        "selection_legend": SELECTION_LEGEND,
        "families": sorted({card.family for card in content.methods.values()}),
        "notes": content.boards.notes,
    }
    return Page("index.html", "index.html", values)


def _board_values(content: Content, board: Board) -> dict[str, Any]:
    summary = summarise(board)
    told = verdict_of(board)
    return {
        "board": board,
        "lead": linked(" ".join(filter(None, (told.leader, told.margin, told.level))), content),
        "reference": linked(told.reference, content),
        "thin": [linked(text, content) for text in (told.cost, told.evidence) if text],
        "table": board_table(content, board),
        "raw": board_table(content, board, raw=True),
        "overall": None
        if summary is None
        else summary_table(board, summary, row_labels(content, board)),
        "resolution": None if summary is None else resolution_words(summary),
        "notes": board_notes(board),
        "plot": differences_plot(board, summary),
    }


def linked(text: str, content: Content) -> Markup:
    """Return a sentence with the names in backquotes as links to the pages of methods."""
    parts = NAMED.split(text)
    return Markup("").join(
        Markup('<a href="{}"><code>{}</code></a>').format(method_link(part), part)
        if k % 2 and part in content.methods
        else Markup("{}").format(part)
        for k, part in enumerate(parts)
    )
