"""Pictures of the leaderboard: regret, quality against cost, and what can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from ebmbench.records import Record
from ebmbench.report.figures.differences import comparable, draw_differences
from ebmbench.report.figures.profile import draw_profile
from ebmbench.report.figures.quality_cost import draw_quality_cost
from ebmbench.report.figures.regret_map import draw_regret
from ebmbench.report.figures.saving import save
from ebmbench.report.stats.boards import Boards
from ebmbench.report.stats.summary import summarise
from ebmbench.report.stats.targets import complete, cost_to_target, seconds


def draw_boards(
    boards: Boards, records: Sequence[Record], out: Path, form: str = "png"
) -> list[Path]:
    """Draw what the boards allow: a figure is left out where its numbers do not exist.

    Arguments:
        boards: the leaderboards.
        records: what they were made from.
        out: the output folder; pictures go to ``figures/``.
        form: ``png``, ``pdf`` or ``svg``.

    Returns:
        The files written.
    """
    drawn: dict[str, Figure | None] = {
        "regret": draw_regret(boards),
        "quality-cost": draw_quality_cost(boards),
    }
    for board in boards.boards:
        summary = summarise(board)
        if summary is not None and comparable(summary):
            drawn[f"differences-{board.family}"] = draw_differences(board, summary)
        times = complete(cost_to_target(records, board, seconds))
        if any(math.isfinite(t) for of_method in times.values() for t in of_method):
            drawn[f"profile-{board.family}"] = draw_profile(board, times)
    paths = []
    for name, figure in drawn.items():
        if figure is not None:
            path = out / "figures" / f"{name}.{form}"
            save(figure, path, dpi=130)
            paths.append(path)
    return paths
