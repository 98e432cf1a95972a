"""Which objectives cannot be told from the best of a task."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import stats

from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.cells import Cell
from ebmbench.report.stats.intervals import mean_interval
from ebmbench.report.stats.pairs import Difference, differences

NORMAL = float(stats.norm.ppf(0.975))


def level_methods(board: Board, task: str) -> set[str]:
    """Return the objectives that cannot be told from the best of a task, itself among them.

    The best is the objective with the best certified mean. Over two seeds and more, Student's
    paired interval of the difference decides; over one, the standard error over its stored rows,
    else the tolerance of the task. A number that is not certified is level if its bracket reaches
    the best's. Oracle and references take no part.
    """
    sign = board.measures[task].sign
    cells = {row.method: row.cells[task] for row in board.rows if not row.kind}
    scores = {m: sign * c.score.mean for m, c in cells.items() if c.score is not None}
    if not scores:
        return set()
    best = max(scores, key=lambda m: (scores[m], m))
    return {best} | {
        method
        for method, cell in cells.items()
        if method != best and _level(board, task, method, best, cell=cell)
    }


def _level(board: Board, task: str, method: str, best: str, *, cell: Cell) -> bool:
    gaps = list(differences(board.outcomes, board.moments, task, method, b=best).values())
    if not gaps or cell.failed:
        return False
    if _mean([gap.upper for gap in gaps]) >= 0:
        return True
    if len(gaps) > 1:
        found = mean_interval([gap.upper for gap in gaps])
        return found.half_width is not None and found.mean + found.half_width >= 0
    return gaps[0].upper + _error(gaps[0], board.ropes[task]) >= 0


def _error(gap: Difference, rope: float) -> float:
    return rope if gap.stderr is None else NORMAL * gap.stderr


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
