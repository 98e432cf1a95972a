"""On how many tasks a fitted reference is ahead of the trained objectives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ebmbench.report.stats.boards import Board
from ebmbench.report.stats.outcomes import Outcome


@dataclass(frozen=True)
class Ahead:
    """One reference against the objectives of a board."""

    method: str
    of_all: list[str]
    """Tasks on which it is ahead of every objective that was tried there."""
    of_most: list[str]
    """Tasks on which it is ahead of more than half of them."""
    tasks: int
    """Tasks on which it has a number."""


def references_ahead(board: Board) -> list[Ahead]:
    """Return every reference of a board, that which is ahead most often first.

    Ahead on a task means: its lower end, mean over seeds, is above the upper end of the other.
    Seeds at which either was not tried do not count.
    """
    objectives = [row.method for row in board.rows if not row.kind]
    result = []
    for row in board.rows:
        if row.kind != "reference":
            continue
        shares: dict[str, list[bool]] = {}
        for task in board.tasks:
            for other in objectives:
                found = _is_ahead(board.outcomes[task], row.method, other)
                if found is not None:
                    shares.setdefault(task, []).append(found)
        of_all = [task for task, wins in shares.items() if all(wins)]
        of_most = [task for task, wins in shares.items() if sum(wins) > len(wins) / 2]
        result.append(Ahead(row.method, of_all, of_most, len(shares)))
    return sorted(result, key=lambda a: (-len(a.of_all), -len(a.of_most), a.method))


def _is_ahead(of_seed: Mapping[int, Mapping[str, Outcome]], a: str, b: str) -> bool | None:
    both = [found for found in of_seed.values() if a in found and b in found]
    if not both:
        return None
    lower = np.mean([found[a].lower for found in both])
    return bool(lower > np.mean([found[b].upper for found in both]))
